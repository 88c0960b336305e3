"""What the embedded engine fetches: a chart that is no path, and the dependencies of a copied chart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from policylint.errors import RenderError
from policylint.sources.sides import ChartSide
from policylint.sources.workspace import disk_error


@contextmanager
def at_hand(helm: Any, side: ChartSide) -> Iterator[ChartSide]:
    """`side` with its chart as a path: itself, or an archive that is pulled and removed again.

    Raises RenderError in Helm's words where there is no such chart.
    """
    if Path(side.chart).exists():
        yield side
        return
    try:
        directory = tempfile.TemporaryDirectory(prefix="policylint-")
    except OSError as error:
        raise disk_error(error) from error
    with directory as name:
        helm.pull(
            side.chart,
            version=side.version or (">0.0.0-0" if "--devel" in side.extra else None),
            repo_url=side.repo or None,
            destination=name,
            username=_argument(side, "--username"),
            password=_argument(side, "--password"),
            plain_http="--plain-http" in side.extra,
            insecure_skip_tls_verify="--insecure-skip-tls-verify" in side.extra,
        )
        archives = sorted(Path(name).glob("*.tgz"))
        if len(archives) != 1:
            raise RenderError(f"no archive of {side.chart} was pulled")
        yield replace(side, chart=str(archives[0]))


def build_dependencies(directory: Path) -> str:
    """Do what `helm dependency build` does; what Helm says where it fails, else ""."""
    from policylint.render.embedded import library

    helm = library()
    try:
        helm.dependency_build(directory)
    except helm.HelmError as error:
        return str(error.detail) or "it failed without a message"
    return ""


def _argument(side: ChartSide, flag: str) -> str | None:
    """What follows a flag among the further arguments, after a blank or `=`."""
    for number, argument in enumerate(side.extra):
        name, equals, value = argument.partition("=")
        if name == flag:
            return value if equals else next(iter(side.extra[number + 1 :]), None)
    return None
