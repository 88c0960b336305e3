"""Releases that the configuration lists, beside those that files declare."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from policylint.config import Release
from policylint.helm.sources.git import Repository
from policylint.scan.gitops.model import UNKNOWN, ChartSource, Declared, Layer

COMMANDS = ("command", "ansible")
"""Tools whose words are often variables: the configuration says then what they deploy."""


def as_declared(releases: Iterable[Release], repository: Repository) -> Iterator[Declared]:
    """The listed releases of charts of the repository, as a tool would declare them."""
    for release in releases:
        folder = repository.path_of(release.chart) if "://" not in release.chart else ""
        if folder:
            yield Declared(
                tool="config",
                name=release.name,
                namespace=release.namespace,
                environment=release.environment,
                chart=ChartSource("path", folder),
                layers=tuple(_layer(repository.path_of(file)) for file in release.values),
                sets=tuple(("set", text) for text in release.sets),
                kube_version=release.kubernetes,
                api_versions=release.api_versions,
            )


def _layer(path: str) -> Layer:
    return Layer("file", path=path, file=path)


def is_listed(declared: Declared, releases: Iterable[Release], repository: Repository) -> bool:
    """Whether the configuration lists what a file declares: the release, or, where variables may
    decide which that is, one of its chart."""
    may_vary = declared.tool in COMMANDS or declared.name.startswith(UNKNOWN)
    for release in releases:
        is_there = declared.namespace in ("", release.namespace)
        if release.name == declared.name and (is_there or may_vary):
            return True
        if may_vary and _is_of_chart(release, declared.chart, repository):
            return True
    return False


def _is_of_chart(release: Release, chart: ChartSource, repository: Repository) -> bool:
    if chart.kind == "path":
        return repository.path_of(release.chart) == chart.name
    return posixpath.basename(release.chart) == posixpath.basename(chart.name)
