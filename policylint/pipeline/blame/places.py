"""Where a part of a change stands: the line of a values file or a chart, or the flag, with what it
was and is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path as File
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import PolicylintError
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.render.parts import (
    CHART,
    VALUES,
    Change,
    ChartFiles,
    ClusterVersion,
    DefaultValue,
    Hunk,
    Part,
    Subchart,
    UserValue,
)
from policylint.helm.values.chart import read_values
from policylint.helm.values.differing import ABSENT, Difference, Path
from policylint.helm.values.given import laid, read_file
from policylint.helm.values.tables import dotted
from policylint.kyaml.lines import path_at, written_at
from policylint.model import Finding, Json, Location
from policylint.pipeline.blame.guesses import line_in
from policylint.pipeline.configuration.listing import Listing
from policylint.redaction.redactor import Redactor, mask_values
from policylint.report.model import ReleaseSource
from policylint.report.shown import short

_FILE = "--values"


class Places(Struct, frozen=True, eq=False):
    """Finds the places of parts. `before` and `after` are the sides as they were named."""

    change: Change
    before: ChartSide
    after: ChartSide
    helm: str
    redactor: Redactor
    source: ReleaseSource | None = None
    """Where the release is declared."""
    listing: Listing | None = None
    """Where the configuration lists the release."""

    def of(self, part: Part, near: Finding) -> Location:
        """The place of a part that makes a finding."""
        if isinstance(part, Hunk):
            return self._of_hunk(part, near)
        if isinstance(part, UserValue):
            return self._told(self._of_user(part.difference), part.difference)
        if isinstance(part, DefaultValue):
            return self._told(self._of_default(part.difference), part.difference)
        if isinstance(part, ClusterVersion):
            return Location("command", "--kube-version", before=part.old, after=part.new)
        if isinstance(part, Subchart):
            return self._of_subchart(part)
        return self._of_files(part)

    def _told(self, place: Location, difference: Difference) -> Location:
        """The place with the key and what it was and is."""
        words = tuple(str(step) for step in difference.path)
        was, now = (self._text(words, value) for value in (difference.old, difference.new))
        return replace(place, key=dotted(words), before=was, after=now)

    def _text(self, path: tuple[str, ...], value: Any) -> str | None:
        """A value as text, masked where its key or its text says that it is secret."""
        if value is ABSENT:
            return None
        nested: Json = value
        for step in reversed(path):
            nested = {step: nested}
        masked = mask_values(nested)
        for step in path:
            if isinstance(masked, dict):
                masked = masked[step]
        return short(self.redactor.value(masked))

    def _of_user(self, difference: Difference) -> Location:
        """The last file or flag that gives the value; of one that gave it before as well, what
        stood over it and is gone."""
        path = difference.path
        for flag, argument in reversed(self.after.values.flags()):
            now = _value_by(flag, argument, path, self.helm)
            if now is not ABSENT:
                stood = self._stood_under(flag, argument, path, now)
                if stood:
                    return self._gone(path)
                return self._at(flag, argument, path)
        return self._gone(path)

    def _stood_under(self, flag: str, argument: str, path: Path, now: Any) -> bool:
        """Whether a file or flag gave a key the same value before, and another one won."""
        name, hidden = self.after.as_named(argument), False
        for old_flag, old_argument in reversed(self.before.values.flags()):
            was = _value_by(old_flag, old_argument, path, self.helm)
            if was is ABSENT:
                continue
            if old_flag == flag and self.before.as_named(old_argument) == name:
                return hidden and was == now
            hidden = True
        return False

    def _at(self, flag: str, argument: str, path: Path) -> Location:
        if flag != _FILE:
            return self._declaration() or self._listed(argument) or Location("command", flag)
        text = read_file(argument)
        is_written_here = any(copy == argument for copy, _ in self.after.copies)
        if is_written_here and "\n" not in text:  # its lines are no lines of the user's
            declaration = self._declaration()
            if declaration is not None:
                return declaration
        return Location("cause", self.after.as_named(argument), written_at(text, _words(path)))

    def _declaration(self) -> Location | None:
        """The declaration that sets a value, where a tool's file declares the release."""
        if self.source is not None and self.source.file:
            return Location("cause", self.source.file, self.source.line)
        return None

    def _listed(self, assignment: str) -> Location | None:
        """The entry of the configuration that sets a value, where one does."""
        if self.listing is not None:
            return self.listing.of_set(assignment)
        return None

    def _gone(self, path: Path) -> Location:
        """Where a key stood that is not given any more: the file as it is now, at what is left
        around it."""
        named = {self.after.as_named(file): file for file in self.after.values.files}
        for flag, argument in reversed(self.before.values.flags()):
            if _value_by(flag, argument, path, self.helm) is ABSENT:
                continue
            if flag != _FILE:
                return self._of_gone_flag(flag)
            name = self.before.as_named(argument)
            file = named.get(name)
            if file:
                line = written_at(read_file(file), _words(path))
            else:
                line = 0
            return Location("cause", name, line)
        return Location("record", "the release's values")

    def _of_gone_flag(self, flag: str) -> Location:
        """Where a flag stood that is not given any more: what is left of the declaration."""
        place = self._declaration()
        if place is None and self.listing is not None:
            place = self.listing.of_release()
        return place or Location("command", flag)

    def _of_default(self, difference: Difference) -> Location:
        line = written_at(self.change.text(VALUES), _words(difference.path))
        return Location("cause", self._in_chart(VALUES), line)

    def _in_chart(self, name: str) -> str:
        """A file of the chart as the user knows it."""
        return f"{self.after.as_named(self.after.chart)}/{name}"

    def _of_files(self, part: ChartFiles) -> Location:
        if not part.is_whole and part.names != (CHART,):
            return Location("cause", self._in_chart(part.names[0]))
        was, now = (_version(self.change.text(CHART, old=old)) for old in (True, False))
        named = Location("cause", "", key="chart version", before=was, after=now)
        if File(self.after.chart).is_dir() and not self.source:
            line = written_at(self.change.text(CHART), ("version",))
            return replace(named, file=self._in_chart(CHART), line=line)
        return self._declared(named)

    def _declared(self, place: Location) -> Location:
        """The place where the chart is chosen: its declaration, else the command line."""
        if self.source is not None and self.source.file:
            file = self.source.chart_file or self.source.file
            return replace(place, file=file, line=self.source.chart_line or self.source.line)
        listed = self.listing.of_version() if self.listing is not None else None
        if listed is not None:
            return replace(place, file=listed.file, line=listed.line)
        return replace(place, role="command", file=self.after.label or self.after.chart)

    def _of_subchart(self, part: Subchart) -> Location:
        was, now = self.change.dependency(part.name)
        place = Location("cause", self._in_chart(CHART), key=f"dependency {part.name}")
        if was == now and part.files:
            return replace(place, file=self._in_chart(f"charts/{part.name}"))
        line = _dependency_line(self.change.text(CHART), part.name)
        if was == now:
            return replace(place, line=line)
        return replace(place, line=line, before=was or None, after=now or None)

    def _of_hunk(self, hunk: Hunk, near: Finding) -> Location:
        """A line of a file of the chart; of a dependency's values.yaml with the key that the
        chart's own values would give it by."""
        text = self.change.text(hunk.name)
        line = _line_of(hunk, text.splitlines(), near)
        place = Location("cause", self._in_chart(hunk.name), line)
        folder, _, rest = hunk.name.partition("/")
        path = path_at(text, line)
        if folder != "charts" or not hunk.name.endswith(f"/{VALUES}") or not path:
            return place
        was, now = (self._default(hunk.name, path, old=old) for old in (True, False))
        key = (self.change.key_of(rest.partition("/")[0]), *path)
        return self._told(place, Difference(key, was, now))

    def _default(self, name: str, path: Path, *, old: bool) -> Any:
        """What a values.yaml in the chart gives a key; `ABSENT` where it has none."""
        return _at(read_values(self.change.text(name, old=old), name, self.helm), path)


def _line_of(hunk: Hunk, lines: Sequence[str], finding: Finding) -> int:
    """The line of a hunk (from 1) that printed the field, else that holds what it became, else the
    first; the last of the file where the hunk only takes lines away at its end."""
    numbers = range(hunk.new.start + 1, hunk.new.stop + 1)
    printed = line_in(hunk.name, finding)
    if printed in numbers:
        return printed
    if isinstance(finding.after, str | int | float):
        for number in numbers:
            if str(finding.after) in lines[number - 1]:
                return number
    return min(hunk.new.start + 1, len(lines))


def _value_by(flag: str, argument: str, path: Path, helm: str) -> Any:
    """What one values file or flag by itself gives a key; `ABSENT` where it has none."""
    try:
        return _at(laid({}, flag, argument, helm), path)
    except PolicylintError:
        return ABSENT


def _at(node: Any, path: Path) -> Any:
    """What stands at a path; `ABSENT` where nothing does."""
    for step in path:
        if isinstance(node, list) and str(step).isdecimal():
            node = node[int(step)] if int(step) < len(node) else ABSENT
        else:
            if isinstance(node, dict):
                node = node.get(step, ABSENT)
            else:
                node = ABSENT
    return node


def _words(path: Path) -> tuple[str, ...]:
    return tuple(map(str, path))


def _version(text: str) -> str | None:
    for line in text.splitlines():
        if line.startswith("version:"):
            return line.partition(":")[2].strip().strip("\"'")
    return None


def _dependency_line(text: str, name: str) -> int:
    """The line of Chart.yaml at which the version of a dependency stands."""
    for number in _numbers(text):
        if _word(text, number, "name") == name:
            return written_at(text, ("dependencies", str(number), "version"))
    return 0


def _numbers(text: str) -> Iterator[int]:
    yield from range(text.count("name:"))


def _word(text: str, number: int, key: str) -> str:
    line = written_at(text, ("dependencies", str(number), key))
    if line:
        written = text.splitlines()[line - 1].partition(f"{key}:")[2]
    else:
        written = ""
    return written.strip(" \"',}")
