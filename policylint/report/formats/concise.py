"""One finding a line, `file:line: severity[rule] message`, as editors and grep read it."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.errors import RuleFailure
from policylint.model import Finding
from policylint.report.look import PLAIN, Look
from policylint.report.model import Report, every_failure, every_finding
from policylint.report.places import line_of, primary, shown_path
from policylint.report.totals import frequencies, verdict_words
from policylint.runtime.escapes import on_one_line


def render(report: Report, look: Look = PLAIN) -> str:
    """The findings and what could not be judged, a line each, and the verdict with its counts
    last."""
    # what several environments show alike, at one place, is one line
    lines = list(dict.fromkeys(map(on_one_line, _lines(report))))
    lines += _statistics(report, look)
    last = f"{str(report.verdict).upper()}: {verdict_words(report, look.hidden)}"
    return "\n".join([*lines, last]) + "\n"


def _statistics(report: Report, look: Look) -> Iterator[str]:
    if look.statistics:
        for rule, severity, count in frequencies(report):
            yield f"{count:>5}  {severity:<7}  {rule}"


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
