"""One finding for each cause: what the same line, or the same habit, does to many releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from policylint.model import Finding, Fix, Location
from policylint.report.model import Report

_FEW = 3
"""Places of one habit that are still findings of their own."""


def by_cause(report: Report) -> Report:
    """The report with findings that say the same of several releases as one, at all their
    places."""
    groups: dict[object, list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault(_cause(finding), []).append(finding)
    findings: list[Finding] = []
    for group in groups.values():
        is_one = len(group) > _FEW or _causes(group[0])
        findings += _joined_all([group] if is_one else _by_line(group))
    return replace(report, findings=tuple(findings))


def _joined_all(groups: Iterable[list[Finding]]) -> Iterator[Finding]:
    for group in groups:
        yield _together(group) if len(group) > 1 else group[0]


def _by_line(findings: Iterable[Finding]) -> Iterable[list[Finding]]:
    """The findings by the lines that they stand on: one line is one thing to mend."""
    lines: dict[object, list[Finding]] = {}
    for finding in findings:
        at = {(place.file, place.line) for place in finding.locations}
        lines.setdefault(frozenset(at) or id(finding), []).append(finding)
    return lines.values()


def _cause(finding: Finding) -> object:
    words = (finding.message, finding.because, finding.severity, finding.confidence)
    titles = tuple(fix.title for fix in finding.fixes)
    apart = (finding.known, finding.waived)
    return (finding.rule, words, apart, titles, finding.direction, _causes(finding))


def _causes(finding: Finding) -> tuple[Location, ...]:
    return tuple(place for place in finding.locations if place.role == "cause")


def _together(findings: list[Finding]) -> Finding:
    """The first of them at the places of all, mended by the edits of all."""
    first = findings[0]
    places = dict.fromkeys(place for finding in findings for place in finding.locations)
    every = (finding.fixes for finding in findings)
    fixes = tuple(_joined(alike) for alike in zip(*every, strict=True))
    # another place makes it another finding: none is approved with those that were there before
    where = " ".join(sorted(finding.fingerprint for finding in findings))
    return replace(first, locations=tuple(places), fixes=fixes, about=where)


def _joined(fixes: Iterable[Fix]) -> Fix:
    first, *rest = fixes
    edits = dict.fromkeys(edit for fix in (first, *rest) for edit in fix.edits)
    return replace(first, edits=tuple(edits))
