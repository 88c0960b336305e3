"""Which parts of a change likely make a finding: what is tried first; it decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from policylint.helm.render.parts import (
    Change,
    ChartFiles,
    DefaultValue,
    Hunk,
    Part,
    Subchart,
    UserValue,
)
from policylint.helm.values.differing import ABSENT, Difference
from policylint.helm.values.references import scan
from policylint.model import Finding, Json

_EQUAL, _WITHIN, _READ, _TEMPLATE, _REST = range(5)


def likely_first(parts: Sequence[Part], finding: Finding, change: Change) -> list[Part]:
    """The parts, what most likely makes the finding first: values that the field was and is, those
    that the template reads, the template's own files."""
    template = _template(finding)
    read = _values_read(change, template)
    return sorted(parts, key=lambda part: _rank(part, finding, template, read))


def nearest_first(hunks: Sequence[Hunk], finding: Finding) -> list[Hunk]:
    """The changes of files, those at and above the line that a finding was printed by first."""
    return sorted(hunks, key=lambda hunk: _distance(hunk, line_in(hunk.name, finding)))


def _distance(hunk: Hunk, line: int) -> tuple[bool, bool, int]:
    first = hunk.new.start + 1
    if first <= line:
        return False, False, max(0, line - hunk.new.stop)
    return not line, True, first - line


def line_in(name: str, finding: Finding) -> int:
    """The line of a file of the chart that a finding was printed by; 0 where another one did, or
    that is not known."""
    for place in finding.locations:
        if place.role == "rendered" and place.file.partition("/")[2] == name:
            return place.template_line
    return 0


def is_likely(part: Part, finding: Finding, change: Change) -> bool:
    """Whether the part is of the template of a finding: a value that it reads, or its own files."""
    template = _template(finding)
    return _rank(part, finding, template, _values_read(change, template)) < _REST


def _rank(part: Part, finding: Finding, template: str, read: set[tuple[str, ...]]) -> int:
    if isinstance(part, UserValue | DefaultValue):
        return _rank_of_value(part.difference, finding, read)
    if isinstance(part, ChartFiles):
        return _rank_of_files(part, template)
    if isinstance(part, Subchart):
        if template.startswith(f"charts/{part.name}/"):
            return _READ
        return _REST
    return _REST


def _rank_of_files(part: ChartFiles, template: str) -> int:
    helpers = any(name.endswith(".tpl") for name in part.names)
    if part.is_whole or helpers or template in part.names:
        return _TEMPLATE
    return _REST


def _rank_of_value(difference: Difference, finding: Finding, read: set[tuple[str, ...]]) -> int:
    was, now = _text(finding.before), _text(finding.after)
    old, new = _text(difference.old), _text(difference.new)
    if now and new == now and old in (was, ""):
        return _EQUAL
    if _is_within(old, new, was, now):
        return _WITHIN
    words = tuple(str(step) for step in difference.path)
    if any(_touch(words, path) for path in read):
        return _READ
    return _REST


def _is_within(old: str, new: str, was: str, now: str) -> bool:
    """Whether a value is the changed part of a field, as a tag is of an image."""
    return bool(old and new) and old in was and was.replace(old, new) == now


def _touch(path: tuple[str, ...], read: tuple[str, ...]) -> bool:
    """Whether one of two key paths leads to the other, in the chart itself or one level below."""
    count = min(len(path), len(read))
    below = min(len(path) - 1, len(read))
    return path[:count] == read[:count] or (below > 0 and path[1 : below + 1] == read[:below])


def _template(finding: Finding) -> str:
    """The template of a finding by its path in the chart."""
    files = [place.file for place in finding.locations if place.role == "rendered"]
    if files:
        return files[0].partition("/")[2]
    return ""


def _values_read(change: Change, template: str) -> set[tuple[str, ...]]:
    """The values that a template reads, and those that switch its chart on."""
    text = change.text(template) or change.text(template, old=True)
    read = {reference.path for reference in scan(text, template) if reference.path}
    folder, _, rest = template.partition("/")
    if folder == "charts":
        read.update(change.switches(rest.partition("/")[0]))
    return read


def _text(value: Json) -> str:
    """A value as a template prints it."""
    if value is None or value is ABSENT:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
