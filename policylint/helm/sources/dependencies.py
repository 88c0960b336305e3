"""The dependencies of a chart that was copied from a revision: vendored, from the repository
itself, or built."""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import PolicylintError, ReadError, SourceError
from policylint.helm.engines.binary import TIME_LIMIT, Process, find_helm
from policylint.helm.engines.confine import confine_chart
from policylint.helm.engines.homes import added_repositories
from policylint.helm.engines.pull import build_dependencies
from policylint.helm.inputs.archives import packed_files
from policylint.helm.inputs.names import chart_word, dependency_name
from policylint.helm.inputs.sides import ChartSide, Side
from policylint.helm.inputs.workspace import Sources, Workspace, disk_error
from policylint.helm.sources.checkout import Checkout
from policylint.helm.sources.git import absolute_path
from policylint.kyaml.load import load
from policylint.redaction.logins import without_logins


class Dependency(Struct, frozen=True):
    """One entry of `dependencies`; `locked` is the exact version of Chart.lock, "" where there is
    none."""

    name: str
    version: str
    repository: str
    locked: str


def add_dependencies(
    checkout: Checkout,
    chart: str,
    now: Path,
    helm: str,
    seen: tuple[str, ...] = (),
    *,
    sources: Sources | None = None,
) -> list[str]:
    """Fill `charts/` of the copied chart at `chart`; `now` is the same chart as it stands today.

    In this order: what the revision vendored, charts of the same revision that `file://` names,
    archives of exactly the locked version that lie in today's charts/, `helm dependency build` in
    the copy, from `sources` alone where they are given. Returns notes.
    """
    directory = checkout.root / chart
    if not directory.is_dir():
        return []
    missing = list(_missing(directory))
    if chart in seen:
        raise SourceError(
            f"{chart} depends on itself by file://", remedy="break the circle in its Chart.yaml"
        )
    notes = []
    for dependency in missing:
        if dependency.repository.startswith("file://"):
            seen_now = (*seen, chart)
            notes += _from_revision(checkout, chart, dependency, now, helm, seen_now, sources)
        else:
            _from_today(directory, dependency, now)
    if rest := [item.name for item in _missing(directory)]:
        _check_sources(directory, chart, sources)
        build(directory, helm, f"{chart} at that revision lacks {', '.join(rest)} in charts/")
        notes.append(
            f"{', '.join(rest)} of {chart} fetched by helm dependency build into a temporary copy"
        )
    return notes


def with_dependencies(side: ChartSide, workspace: Workspace, helm: str) -> ChartSide:
    """A chart directory as it is where `charts/` has what it depends on, else a copy with all of
    it.

    `file://` charts are taken from where they are, the others by `helm dependency build` in the
    copy: the user's own files stay as they are. Raises SourceError for what cannot be had, or
    would be fetched from where nobody asked for.
    """
    directory = absolute_path(side.chart)
    missing = list(_missing(directory))
    if not missing:
        return side
    root = workspace.directory()
    copy = _mirrored(directory, root)
    filled = _fill(directory, root, ())
    if rest := [item.name for item in _missing(copy)]:
        _check_sources(copy, side.chart, workspace.sources)
        build(copy, helm, f"{side.chart} lacks {', '.join(rest)} in charts/")
    names = ", ".join(item.name for item in missing)
    if len(filled) == len(missing):
        how = "taken from file://"
    else:
        how = "fetched by helm dependency build"
    note = (
        f"{names} is missing in {side.chart}/charts: {how} into a temporary copy; helm "
        "upgrade needs it there"
    )
    return replace(
        side,
        chart=str(copy),
        copies=(*side.copies, (str(copy), side.chart)),
        notes=(*side.notes, note),
    )


def trust(workspace: Workspace, before: Side) -> None:
    """Let dependencies be fetched from now on only from where the before side declares them, and
    from the repositories that the user added to helm: what is under judgement names no others.

    They are looked up once something is to be fetched, which is seldom.
    """
    workspace.sources = partial(_declared_sources, before)


def _declared_sources(before: Side) -> frozenset[str]:
    """The addresses of a chart's dependencies, and of those that they name by file://."""
    if isinstance(before, ChartSide):
        directories = [absolute_path(before.chart)]
    else:
        directories = []
    sources: set[str] = set()
    read: set[Path] = set()
    while directories:
        directory = directories.pop()
        if directory in read:
            continue
        read.add(directory)
        for repository in _repositories(directory):
            sources.add(repository)
            if repository.startswith("file://"):
                directories.append(absolute_path(directory / repository.removeprefix("file://")))
    return frozenset(sources)


def _repositories(directory: Path) -> list[str]:
    entries = _entries(directory, "Chart.yaml", "requirements.yaml")
    return [_text(item, "repository").rstrip("/") for item in entries]


def _check_sources(directory: Path, chart: str, sources: Sources | None) -> None:
    """Raise SourceError where a chart's dependencies would be fetched from where nobody asked
    for."""
    if sources is None:
        return
    allowed = sources() | {repository.rstrip("/") for repository in added_repositories()}
    for repository in _repositories(directory):
        by_name = repository.startswith(("@", "alias:"))  # one that the user added
        if "://" not in repository or repository.startswith("file://") or by_name:
            continue
        if repository not in allowed:
            raise SourceError(
                f"{chart} depends on {without_logins(repository)}, which the before side does not "
                "name: nothing is fetched because a change says so",
                remedy="see whether you trust that address; then vendor the chart in charts/ "
                "(`helm dependency build`), or `helm repo add` it",
            )


def _mirrored(directory: Path, root: Path) -> Path:
    """A copy at the same place below `root`, so that relative paths lead from copy to copy."""
    copy = root / directory.relative_to(directory.anchor)
    if not copy.exists():
        confine_chart(directory)
        _copy(directory, copy)
    return copy


def _fill(directory: Path, root: Path, seen: tuple[Path, ...]) -> list[str]:
    """Copy what `file://` names into the copy of a chart; the names of what was found."""
    if directory in seen:
        raise SourceError(
            f"{directory} depends on itself by file://", remedy="break the circle in its Chart.yaml"
        )
    copy, filled = _mirrored(directory, root), []
    for item in list(_missing(copy)):
        source = absolute_path(directory / item.repository.removeprefix("file://"))
        if item.repository.startswith("file://") and (source / "Chart.yaml").is_file():
            _fill(source, root, (*seen, directory))
            _copy(_mirrored(source, root), copy / "charts" / item.name)
            filled.append(item.name)
    return filled


def build(directory: Path, helm: str, why: str) -> None:
    """Build the dependencies of a copy, by helm or the embedded engine; raises SourceError with its
    message."""
    binary = find_helm(helm) if helm != "embedded" else ""
    if binary:
        code, out, err = Process(
            [binary, "dependency", "build", chart_word(str(directory))], TIME_LIMIT
        ).wait()
        if code:
            message = _failure(out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
        else:
            message = ""
    else:
        message = build_dependencies(directory)
    if message:
        words = without_logins(message.strip().replace(str(directory), directory.name))
        raise SourceError(
            f"{why}, and `helm dependency build` fails: {words}",
            remedy="do what helm says above, vendor the dependencies in charts/, or name this "
            "side another way",
        )


def _failure(out: str, err: str) -> str:
    """Helm's error after the repositories that it could not reach, which it tells on standard
    output."""
    lines = [line.strip(" .\t") for line in out.splitlines()]
    reasons = [
        after
        for line, after in itertools.pairwise([*lines, ""])
        if line.startswith("Unable to get an update")
    ]
    unreached = [
        line for line in lines if line.startswith("Unable to get an update") or line in reasons
    ]
    return "\n".join([*unreached, err.strip() or out.strip()])


def _from_revision(
    checkout: Checkout,
    chart: str,
    dependency: Dependency,
    now: Path,
    helm: str,
    seen: tuple[str, ...],
    sources: Sources | None,
) -> list[str]:
    wanted = dependency.repository.removeprefix("file://")
    path = posixpath.normpath(posixpath.join(chart, wanted))
    if wanted.startswith("/") or path.startswith(".."):
        raise SourceError(
            f"{chart} depends on {dependency.repository}, outside the repository",
            remedy="a revision holds no such chart: vendor it in charts/, or name --before "
            "another way",
        )
    if not checkout.add(path):
        raise SourceError(
            f"{chart} depends on {dependency.repository}, which is not there at that revision",
            remedy="name another revision with --before",
        )
    notes = add_dependencies(checkout, path, now / wanted, helm, seen, sources=sources)
    _copy(checkout.root / path, checkout.root / chart / "charts" / dependency.name)
    return notes


def _from_today(directory: Path, dependency: Dependency, now: Path) -> None:
    """Take the archive or directory of exactly the version that the revision locks."""
    exact = plain_version(dependency.locked or dependency.version)
    if not exact:
        return
    archive = now / "charts" / f"{dependency.name}-{exact}.tgz"
    unpacked = now / "charts" / dependency.name
    if archive.is_file():
        _copy(archive, directory / "charts" / archive.name)
    elif (unpacked / "Chart.yaml").is_file() and str(
        _yaml(unpacked / "Chart.yaml").get("version")
    ) == exact:
        _copy(unpacked, directory / "charts" / dependency.name)


def plain_version(version: str) -> str:
    """A version that may be part of a file's name; "" for one that is a path."""
    if "/" in version or "\\" in version:
        return ""
    return version


def _copy(source: Path, target: Path) -> None:
    import shutil  # seldom needed: most charts have what they depend on

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
    except (OSError, shutil.Error) as error:
        raise disk_error(
            error if not isinstance(error, shutil.Error) else OSError(str(error))
        ) from error


def _missing(directory: Path) -> Iterator[Dependency]:
    """The dependencies that lie not in charts/; raises SourceError for names that are paths."""
    listed = _entries(directory, "Chart.yaml", "requirements.yaml")
    if not listed:
        return
    there = set(_names(directory / "charts"))
    entries = _entries(directory, "Chart.lock", "requirements.lock")
    locked = {_text(item, "name"): _text(item, "version") for item in entries}
    for item in listed:
        name = _text(item, "name")
        if name and name not in there:
            dependency_name(name, str(directory / "Chart.yaml"))
            version = locked.get(name, "")
            yield Dependency(name, _text(item, "version"), _text(item, "repository"), version)


def _entries(directory: Path, *files: str) -> list[Mapping[str, Any]]:
    """The entries of `dependencies` in these files of a chart."""
    entries: list[Mapping[str, Any]] = []
    for file in files:
        listed = _yaml(directory / file).get("dependencies")
        entries += filter(_is_table, listed if isinstance(listed, list) else ())
    return entries


def _is_table(item: Any) -> bool:
    return isinstance(item, dict)


def _text(item: Mapping[str, Any], key: str) -> str:
    return str(item.get(key) or "")


def _names(charts: Path) -> Iterator[str]:
    """The names of the charts that lie in charts/, unpacked or packed."""
    for entry in sorted(charts.iterdir()) if charts.is_dir() else ():
        if (entry / "Chart.yaml").is_file():
            yield str(_yaml(entry / "Chart.yaml").get("name"))
        elif entry.suffix == ".tgz":
            yield _packed_name(entry)


def _packed_name(archive: Path) -> str:
    try:
        for name, content in packed_files(archive, str(archive)):
            if name == "Chart.yaml":
                return str(_parsed(content.decode("utf-8", "replace")).get("name"))
    except (OSError, ReadError):
        return ""  # helm says what is wrong with it
    return ""


def _yaml(file: Path) -> Mapping[str, Any]:
    try:
        if file.is_file():
            return _parsed(file.read_text("utf-8-sig", "replace"))
    except OSError:
        pass
    return {}


def _parsed(text: str) -> Mapping[str, Any]:
    """A chart's own YAML; what cannot be read is left to helm, which says what is wrong."""
    try:
        table = load(text, "Chart.yaml")
    except PolicylintError:
        return {}
    if isinstance(table, dict):
        return table
    return {}
