"""Findings of a scan that say alike of different things: a habit is told once, with what else it
holds for."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from policylint.model import Finding, Location
from policylint.report.differing import shared
from policylint.report.shown import LABELS, label, place

_MANY = 3
"""From so many on, findings that say alike are told as one."""


class Alike(Struct, frozen=True):
    """A finding, and further ones that say alike of other things."""

    first: Finding
    further: tuple[Finding, ...] = ()

    @property
    def also(self) -> tuple[str, ...]:
        """What else it holds for, and where: the first few, and how many more there are."""
        shown = [_differing(self.first, finding) for finding in self.further[:_MANY]]
        left = len(self.further) - len(shown)
        if left:
            shown.append(f"and {left} more: --show-fixes all")
        return tuple(shown)


def alike(findings: Sequence[Finding]) -> list[Alike]:
    """The findings, those of one rule with the same reason and the same fix together."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_kind(finding), []).append(finding)
    told: list[Alike] = []
    for first, *further in groups.values():
        if 1 + len(further) >= _MANY:
            told.append(Alike(first, tuple(further)))
        else:
            told += map(Alike, (first, *further))
    return told


def _kind(finding: Finding) -> object:
    weight = (finding.severity, finding.confidence, finding.direction)
    titles = tuple(fix.title for fix in finding.fixes)
    return finding.rule, finding.because, weight, titles, finding.resource is None


def _differing(first: Finding, finding: Finding) -> str:
    """What of its words is not the first's, and where it is."""
    start, end = shared(first.message, finding.message)
    text = finding.message
    start = text.rfind(" ", 0, start) + 1
    end = text.find(" ", len(text) - end)
    words = text[start : end if end >= 0 else len(text)] if text != first.message else ""
    if not finding.locations:
        return words
    where = place(replace(first_place(finding), key="" if words else first_place(finding).key))
    return f"{words} at {where}" if words else where


def first_place(finding: Finding) -> Location:
    """Where to look first: at what causes it."""
    return min(finding.locations, key=lambda location: label(location) != LABELS["cause"])
