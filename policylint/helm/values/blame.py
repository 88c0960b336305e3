"""Blame: which key of the user's values a finding's field comes from, where exactly one changed key
can be it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from policylint.errors import PolicylintError
from policylint.helm.inputs.sides import ChartSide, Side
from policylint.helm.values.given import user_values
from policylint.helm.values.modes import Mode, effective
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.tables import leaves
from policylint.model import Finding, Json, Location

Moved = tuple[tuple[str, ...], Json, Json]
"""(key, old, new): a scalar of the values, None where it was not there."""
_ABSENT = object()
_OF_VALUES = ("cause", "command")


def blamed(
    findings: Iterable[Finding], change: ValuesChange | None, before: Side
) -> tuple[Finding, ...]:
    """The findings, those on a field with the place of the one changed value that equals what the
    field became.

    `before` is the old chart as it was rendered; where it or the new one is not at hand, nothing is
    added. A value that several keys changed to, or that a template put together from several, has
    no one place and gets none.
    """
    findings = tuple(findings)
    if change is None or change.old is None or not isinstance(before, ChartSide):
        return findings
    if not any(_is_on_field(finding) for finding in findings):
        return findings
    try:
        moved = tuple(_moved(change, before))
    except PolicylintError:  # the place is a help, not a part of the judgement
        return findings
    return tuple(
        _with_cause(finding, moved, change) if _is_on_field(finding) else finding
        for finding in findings
    )


def _is_on_field(finding: Finding) -> bool:
    named = any(place.role in _OF_VALUES for place in finding.locations)
    return (
        finding.resource is not None
        and bool(finding.path)
        and finding.after is not None
        and not named
    )


def _with_cause(finding: Finding, moved: tuple[Moved, ...], change: ValuesChange) -> Finding:
    causes = _equal(finding, moved) or _parts(finding, moved)
    if len(causes) != 1:
        return finding
    key, _, _ = causes[0]
    place = change.place(key)
    if not _is_told(place):
        return finding
    return replace(finding, locations=(*finding.locations, place))


def _equal(finding: Finding, moved: tuple[Moved, ...]) -> list[Moved]:
    """What became the field's new value; of several, those that also were its old one."""
    was, now = _text(finding.before), _text(finding.after)
    equal = [(key, old, new) for key, old, new in moved if _text(new) == now]
    if len(equal) > 1:
        return [(key, old, new) for key, old, new in equal if _text(old) == was]
    return equal


def _parts(finding: Finding, moved: tuple[Moved, ...]) -> list[Moved]:
    """What is the changed part of the field, as a tag is of an image."""
    was, now = _text(finding.before), _text(finding.after)
    return [
        (key, old, new)
        for key, old, new in moved
        if _text(old) and was.replace(_text(old), _text(new)) == now
    ]


def _is_told(place: Location) -> bool:
    return place.role == "command" or place.line > 0


def _moved(change: ValuesChange, before: ChartSide) -> Iterator[Moved]:
    """Each scalar of the values that templates see and that this upgrade changes or adds."""
    if change.old is None:
        return
    old = dict(
        leaves(
            effective(
                Mode.RESET, change.old, user_values(before.values, change.helm), change.helm
            ).values
        )
    )
    for key, new in leaves(change.effective.values):
        was = old.get(key, _ABSENT)
        if not isinstance(new, (dict, list)) and was != new:
            yield key, None if was is _ABSENT else was, new


def _text(value: Json) -> str:
    """A value as a template prints it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
