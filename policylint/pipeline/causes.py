"""One finding for each cause: what the same line, or the same habit, does to many releases."""

from __future__ import annotations

from collections.abc import Iterable

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
        few = 1 if _causes(group[0]) else _FEW
        findings += [_together(group)] if len(group) > few else group
    return replace(report, findings=tuple(findings))


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
