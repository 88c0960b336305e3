"""What a render depends on in its repository: the chart, its `file://` dependencies, values files,
and what links lead to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from policylint.errors import ReadError
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.sources.git import MOST_LINKS, Repository, beyond
from policylint.kyaml.load import load


def depends_on(repository: Repository, chart: ChartSide) -> list[str]:
    """What the render depends on in the repository: the chart, its `file://` dependencies, values
    and set files."""
    files = [chart.chart, *chart.values.named]
    fresh = {repository.path_of(file) for file in files if file and not is_reference(file)} - {""}
    paths: set[str] = set()
    links: set[str] = set()
    while fresh:
        paths |= fresh
        leads = _targets(repository, fresh)
        for path in fresh:
            passed, end = behind_links(repository.top, path)
            links.update(passed)
            leads += [repository.top / end] if end else []
        fresh = {repository.path_of(target) for target in leads} - paths - {""}
    return sorted(paths | links)


def behind_links(root: Path, path: str) -> tuple[list[str], str]:
    """(the links to directories below `root` that a path goes through on disk, where it leads); ""
    where that is nowhere."""
    links: list[str] = []
    while len(links) < MOST_LINKS:
        parents = [str(parent) for parent in reversed(PurePosixPath(path).parents[:-1])]
        link = next((parent for parent in parents if (root / parent).is_symlink()), None)
        if link is None or path.startswith(("/", "../")):
            return links, path
        links.append(link)
        path = beyond(link, str((root / link).readlink()), path)
    return links, ""


def _targets(repository: Repository, paths: Iterable[str]) -> list[Path]:
    """What paths lead to: `file://` repositories of a chart's dependencies, and the targets of
    symbolic links."""
    charts: list[Path] = []
    for path in paths:
        charts += _file_dependencies(repository.top / path)
    links = [repository.top / blob.path for blob in repository.files("", paths) if blob.is_link]
    return charts + [link.parent / link.readlink() for link in links if link.is_symlink()]


def _file_dependencies(chart: Path) -> list[Path]:
    """The charts that a chart directory names as `file://` dependencies."""
    files = [chart / name for name in ("Chart.yaml", "requirements.yaml")]
    return [
        chart / path
        for file in files
        if file.is_file()
        for path in file_repositories(file.read_bytes(), str(file))
    ]


def file_repositories(text: bytes, file: str) -> list[str]:
    """The paths that `file://` names in the dependencies of a Chart.yaml, however it is written.

    Of a file that is no YAML, whatever looks like one: Helm will refuse it, and say so.
    """
    try:
        body = load(text.decode("utf-8-sig"), file)
    except (ReadError, UnicodeDecodeError):
        paths = re.findall(rb"file://([^\s\"'#,}\]]+)", text)
        return [path.decode("utf-8", "surrogateescape") for path in paths]
    if isinstance(body, dict):
        dependencies = body.get("dependencies")
    else:
        dependencies = None
    if not isinstance(dependencies, list):
        return []
    repositories = [
        str(dependency.get("repository") or "")
        for dependency in dependencies
        if isinstance(dependency, dict)
    ]
    return [
        repository.removeprefix("file://")
        for repository in repositories
        if repository.startswith("file://")
    ]


def is_reference(spec: str) -> bool:
    """Whether a word names what is no file: an address, or standard input."""
    return "://" in spec or spec == "-"
