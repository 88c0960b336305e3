"""The parts of a change of charts and values, each of which can be taken back: the sides between
the before and the after side."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import chain
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.values.chart import read_values
from policylint.helm.values.differing import Difference, differences, with_some
from policylint.helm.values.given import user_values
from policylint.helm.values.side import as_yaml, files_of_chart, large_numbers, write_chart
from policylint.helm.values.tables import Table
from policylint.kyaml.load import load
from policylint.runtime.patterns import pattern

VALUES, CHART = "values.yaml", "Chart.yaml"
MOST_FILES = 40
"""Files of a chart that are parts of their own; the files of a chart that changes more are one."""
_MOST_LINES = 2000
"""Lines of a file whose changes are told apart."""
_ARCHIVE = pattern(r"(?P<name>.+?)-v?\d[^/]*\.(?:tgz|tar\.gz)$")

Files = Mapping[str, bytes]


class UserValue(Struct, frozen=True, eq=False):
    """A key of the user's values."""

    difference: Difference


class DefaultValue(Struct, frozen=True, eq=False):
    """A key of the chart's values.yaml."""

    difference: Difference


class ChartFiles(Struct, frozen=True, eq=False):
    """Files of the chart itself: templates, Chart.yaml but for its dependencies, all others."""

    names: tuple[str, ...]
    is_whole: bool = False
    """Whether they are all that changes of the chart itself."""


class Hunk(Struct, frozen=True, eq=False):
    """Lines of one file of the chart, from 0: `old` of the old text became `new` of the new one."""

    name: str
    old: range
    new: range


class Subchart(Struct, frozen=True, eq=False):
    """A dependency: its files in charts/ and what Chart.yaml says of it."""

    name: str
    files: tuple[str, ...] = ()


class ClusterVersion(Struct, frozen=True, eq=False):
    """The Kubernetes version and the API versions that the chart is rendered for."""

    old: str
    new: str


Part = UserValue | DefaultValue | ChartFiles | Hunk | Subchart | ClusterVersion


class Change:
    """The change from one chart side to another, both at hand, in parts.

    Raises `ReadError` or `UsageError` for charts and values that cannot be read.
    """

    def __init__(
        self, before: ChartSide, after: ChartSide, helm: str, workspace: Workspace
    ) -> None:
        self.before, self.after, self._helm, self._workspace = before, after, helm, workspace
        self._old_user = user_values(before.values, helm)
        self._old, self._new = _files(before), _files(after)
        self._old_defaults = _defaults(self._old, helm)
        self.parts: tuple[Part, ...] = tuple(self._parts())
        self._hunks: dict[str, tuple[Hunk, ...]] = {}

    def _parts(self) -> Iterator[Part]:
        user = user_values(self.after.values, self._helm)
        yield from map(UserValue, differences(self._old_user, user))
        yield from map(
            DefaultValue, differences(self._old_defaults, _defaults(self._new, self._helm))
        )
        changed = [name for name in {**self._old, **self._new} if self._differs(name)]
        own = [name for name in changed if name != VALUES and not name.startswith("charts/")]
        if CHART in own and not self._metadata_differs():
            own.remove(CHART)
        yield from _own_files(own, singly=Path(self.after.chart).is_dir())
        yield from self._subcharts(changed)
        versions = (_versions(self.before), _versions(self.after))
        if versions[0] != versions[1]:
            yield ClusterVersion(*versions)

    def _differs(self, name: str) -> bool:
        return self._old.get(name) != self._new.get(name)

    def _metadata_differs(self) -> bool:
        return _without_dependencies(self._old) != _without_dependencies(self._new)

    def _subcharts(self, changed: Iterable[str]) -> Iterator[Subchart]:
        files: dict[str, list[str]] = {}
        for name in changed:
            if name.startswith("charts/"):
                files.setdefault(_subchart_of(name), []).append(name)
        old, new = _dependencies(self._old), _dependencies(self._new)
        for name in {**old, **new}:
            if old.get(name) != new.get(name):
                files.setdefault(name, [])
        yield from (Subchart(name, tuple(names)) for name, names in files.items())

    def hunks(self, part: Part) -> tuple[Hunk, ...]:
        """Where the files of a part change, the same each time: one file of the chart, or a
        dependency that changes without its version. Nothing for any other part."""
        names = self._told_apart(part)
        return tuple(chain.from_iterable(map(self._hunks_of, names)))

    def _told_apart(self, part: Part) -> tuple[str, ...]:
        """The files of a part in which single changes may be a cause."""
        if isinstance(part, ChartFiles) and not part.is_whole and part.names != (CHART,):
            return part.names
        if isinstance(part, Subchart) and len(part.files) <= MOST_FILES:
            old, new = self.dependency(part.name)
            if old == new and not any(map(_ARCHIVE.match, map(os.path.basename, part.files))):
                return part.files
        return ()

    def _hunks_of(self, name: str) -> tuple[Hunk, ...]:
        if name not in self._hunks:
            old, new = (self.text(name, old=old).splitlines() for old in (True, False))
            if max(len(old), len(new)) <= _MOST_LINES:
                self._hunks[name] = tuple(_hunks(name, old, new))
            else:
                self._hunks[name] = ()
        return self._hunks[name]

    def dependency(self, name: str) -> tuple[str, str]:
        """The versions of a dependency that both sides declare, "" for none."""
        old, new = _dependencies(self._old).get(name), _dependencies(self._new).get(name)
        return _version(old), _version(new)

    def key_of(self, name: str) -> str:
        """The key below which the chart's values hold those of a dependency: its alias, where it
        has one and stands there once, else its name."""
        items = _dependencies(self._new).get(name, [])
        if len(items) == 1 and items[0].get("alias"):
            return str(items[0]["alias"])
        return name

    def switches(self, name: str) -> Iterator[tuple[str, ...]]:
        """The keys of the chart's values that switch a dependency on, by its name or alias: its
        conditions and tags."""
        for dependencies in (_dependencies(self._old), _dependencies(self._new)):
            for item in chain.from_iterable(dependencies.values()):
                if name in (item.get("name"), item.get("alias")):
                    yield from _switches(item)

    def text(self, name: str, *, old: bool = False) -> str:
        """A file of the after side's chart (of the before side's), "" where there is none."""
        return (self._old if old else self._new).get(name, b"").decode("utf-8", "replace")

    def side(self, kept: Collection[Part]) -> ChartSide:
        """The before side with these parts of the change."""
        values = with_some(
            self._old_user, [part.difference for part in kept if isinstance(part, UserValue)]
        )
        file = self._workspace.directory() / "values.json"
        file.write_text(as_yaml(values), "utf-8")
        typed = (large_numbers(side.values, values) for side in (self.before, self.after))
        values_input = ValuesInput(files=(str(file),), set=tuple(chain.from_iterable(typed)))
        if _holds(kept, ClusterVersion):
            versions = self.after
        else:
            versions = self.before
        side = replace(
            self.after,
            values=values_input,
            kube_version=versions.kube_version,
            api_versions=versions.api_versions,
        )
        return self._with_chart(side, kept)

    def _with_chart(self, side: ChartSide, kept: Collection[Part]) -> ChartSide:
        of_chart = [part for part in self.parts if not isinstance(part, UserValue | ClusterVersion)]
        chosen = [part for part in of_chart if part in kept]
        hunks = [part for part in kept if isinstance(part, Hunk)]
        if len(chosen) == len(of_chart):
            return side
        if not chosen and not hunks:
            return replace(
                side,
                chart=self.before.chart,
                version=self.before.version,
                repo=self.before.repo,
                root=self.before.root,
            )
        folder = self._workspace.directory()
        chart = folder / Path(self.after.chart).name
        files = {**self._mixed(chosen), **self._patched(hunks)}
        write_chart(files, {}, chart)
        return replace(side, chart=str(chart), version="", repo="", root=str(folder))

    def _mixed(self, chosen: Sequence[Part]) -> dict[str, bytes]:
        """The files of a chart that is the old one but for these parts."""
        files = dict(self._old)
        for part in chosen:
            for name in part.names if isinstance(part, ChartFiles) else _files_of(part):
                if name in self._new:
                    files[name] = self._new[name]
                else:
                    files.pop(name, None)
        defaults = [part.difference for part in chosen if isinstance(part, DefaultValue)]
        files[VALUES] = as_yaml(with_some(self._old_defaults, defaults)).encode()
        new_names = {part.name for part in chosen if isinstance(part, Subchart)}
        files[CHART] = self._chart_file(files.get(CHART, b""), new_names)
        return files

    def _patched(self, hunks: Sequence[Hunk]) -> Files:
        """The old files of these hunks, with them."""
        texts: dict[str, list[str]] = {}
        for hunk in sorted(hunks, key=lambda hunk: hunk.old.start, reverse=True):
            lines = texts.setdefault(hunk.name, self.text(hunk.name, old=True).splitlines(True))
            new = self.text(hunk.name).splitlines(True)[hunk.new.start : hunk.new.stop]
            lines[hunk.old.start : hunk.old.stop] = new
        return {name: "".join(lines).encode() for name, lines in texts.items()}

    def _chart_file(self, text: bytes, new_names: Collection[str]) -> bytes:
        """Chart.yaml with each dependency as the side declares it that it is taken from."""
        old, new = _dependencies(self._old), _dependencies(self._new)
        if old == new:
            return text
        items: list[Any] = []
        for name in {**old, **new}:
            items += (new if name in new_names else old).get(name, [])
        metadata = _metadata(text)
        if items:
            metadata["dependencies"] = items
        return as_yaml(metadata).encode()


def _hunks(name: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Hunk]:
    """Where a text changes; lines that are changed each for one are hunks of their own."""
    matcher = SequenceMatcher(None, old, new)
    for tag, old_start, old_stop, new_start, new_stop in matcher.get_opcodes():
        count = old_stop - old_start
        if tag == "replace" and count == new_stop - new_start:
            for number in range(count):
                was, now = old_start + number, new_start + number
                yield Hunk(name, range(was, was + 1), range(now, now + 1))
        elif tag != "equal":
            yield Hunk(name, range(old_start, old_stop), range(new_start, new_stop))


def _files(side: ChartSide) -> Files:
    return files_of_chart(Path(side.chart))


def _files_of(part: Part) -> tuple[str, ...]:
    if isinstance(part, Subchart):
        return part.files
    return ()


def _holds(parts: Collection[Part], kind: type[Part]) -> bool:
    return any(isinstance(part, kind) for part in parts)


def _own_files(names: Sequence[str], *, singly: bool) -> Iterator[ChartFiles]:
    if singly and len(names) <= MOST_FILES:
        yield from (ChartFiles((name,)) for name in names)
    elif names:
        yield ChartFiles(tuple(names), is_whole=True)


def _subchart_of(name: str) -> str:
    """The dependency that a file in charts/ belongs to."""
    entry = name.split("/")[1]
    archive = _ARCHIVE.match(entry)
    if archive:
        return archive["name"]
    return entry


def _defaults(files: Files, helm: str) -> Table:
    return read_values(files.get(VALUES, b"").decode("utf-8", "replace"), VALUES, helm)


def _metadata(text: bytes) -> Table:
    chart_yaml = load(text.decode("utf-8", "replace"), CHART)
    if isinstance(chart_yaml, dict):
        metadata = dict(chart_yaml)
    else:
        metadata = {}
    metadata.pop("dependencies", None)
    return metadata


def _without_dependencies(files: Files) -> Table:
    return _metadata(files.get(CHART, b""))


def _dependencies(files: Files) -> dict[str, list[Any]]:
    """What Chart.yaml declares of each dependency; one may stand there several times, with
    aliases."""
    metadata = load(files.get(CHART, b"").decode("utf-8", "replace"), CHART)
    if isinstance(metadata, dict):
        declared = metadata.get("dependencies")
    else:
        declared = None
    items: dict[str, list[Any]] = {}
    for item in declared if isinstance(declared, list) else ():
        if isinstance(item, dict):
            items.setdefault(str(item.get("name")), []).append(item)
    return items


def _switches(dependency: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for condition in str(dependency.get("condition") or "").split(","):
        if condition.strip():
            yield tuple(condition.strip().split("."))
    tags = dependency.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        yield "tags", str(tag)


def _version(items: list[Any] | None) -> str:
    if items:
        return str(items[0].get("version") or "")
    return ""


def _versions(side: ChartSide) -> str:
    return ", ".join((side.kube_version, *side.api_versions))
