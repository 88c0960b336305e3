"""One finding a line, `file:line: severity[rule] message`, as editors and grep read it."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.errors import RuleFailure
from policylint.model import Finding
from policylint.report.model import Report, counted, every_failure, every_finding, every_settled
from policylint.report.places import line_of, primary, shown_path
from policylint.runtime.escapes import on_one_line


def render(report: Report) -> str:
    """The findings and what could not be judged, a line each, and the verdict last."""
    lines = [on_one_line(line) for line in _lines(report)]
    settled = counted(finding for _, finding in every_settled(report))
    last = str(report.verdict).upper() + (f": {settled}" if settled else "")
    return "\n".join([*lines, last]) + "\n"


def _lines(report: Report) -> Iterator[str]:
    for release, finding in every_finding(report):
        yield f"{_where(finding, release)}: {finding.severity}[{finding.rule}] {_message(finding)}"
    for release, failure in every_failure(report):
        yield f"{release or 'policylint'}: unknown[{failure.rule}] {_failure(failure)}"


def _where(finding: Finding, release: str) -> str:
    place = primary(finding)
    if place is None:
        return release or "policylint"
    line = line_of(place)
    if line:
        return f"{shown_path(place.file)}:{line}"
    return shown_path(place.file)


def _message(finding: Finding) -> str:
    if finding.resource:
        return f"{finding.resource}: {finding.message}"
    return finding.message


def _failure(failure: RuleFailure) -> str:
    if failure.resource:
        return f"{failure.resource}: {failure.message}"
    return failure.message
