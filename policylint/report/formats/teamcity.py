"""Inspections of TeamCity: service messages that fill a build's tab of code inspections.

Source: "Service Messages", JetBrains' documentation of TeamCity (Reporting Inspections, and the
escapes of values).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.model import Finding, Severity
from policylint.report.model import (
    Report,
    counted,
    every_failure,
    every_finding,
    every_rule,
    every_settled,
)
from policylint.report.places import line_of, primary, shown_path
from policylint.runtime.escapes import escaped

_LEVELS: Mapping[Severity, str] = {
    Severity.ERROR: "ERROR",
    Severity.WARNING: "WARNING",
    Severity.NOTE: "INFO",
}
_NOT_JUDGED = "policylint-not-judged"
_LONGEST = 3000
"""TeamCity cuts a value at 4,000 characters; escapes make it longer."""
_ESCAPES = str.maketrans(
    {"|": "||", "'": "|'", "[": "|[", "]": "|]", "\n": "|n", "\r": "|r"}
    | {chr(code): f"|0x{code:04X}" for code in (0x85, 0x2028, 0x2029)}
)


def render(report: Report) -> str:
    """The types of what was found, then each finding and each thing that could not be judged."""
    return "".join(f"{line}\n" for line in _messages(report))


def _messages(report: Report) -> Iterator[str]:
    for rule in every_rule(report).values():
        yield _type(rule.id, rule.title, f"policylint: {rule.category}", rule.url)
    failures = list(every_failure(report))
    if failures:
        yield _type(_NOT_JUDGED, "not judged", "policylint", "what could not be judged")
    for release, finding in every_finding(report):
        yield _inspection(finding.rule, _text(finding), _LEVELS[finding.severity], finding, release)
    for release, failure in failures:
        words = f"{failure.message}\n{failure.remedy}".rstrip()
        yield _inspection(_NOT_JUDGED, words, "ERROR", None, release)
    settled = counted(finding for _, finding in every_settled(report))
    words = f"policylint: {report.verdict}" + (f"; {settled}" if settled else "")
    yield _message("buildStatus", text=f"{{build.status.text}}; {words}")


def _type(name: str, title: str, category: str, description: str) -> str:
    return _message(
        "inspectionType", id=name, name=title, category=category, description=description
    )


def _inspection(name: str, text: str, level: str, finding: Finding | None, release: str) -> str:
    place = primary(finding) if finding else None
    if place:
        file = shown_path(place.file)
    else:
        file = release or "policylint"
    line = line_of(place) if place else 0
    return _message(
        "inspection", typeId=name, message=text, file=file, line=str(line or ""), SEVERITY=level
    )


def _text(finding: Finding) -> str:
    lines = [f"{finding.resource}: {finding.message}" if finding.resource else finding.message]
    lines += [f"because {finding.because}"] if finding.because else []
    return "\n".join([*lines, *(f"fix: {fix.title}" for fix in finding.fixes[:1])])


def _message(verb: str, /, **attributes: str) -> str:
    pairs = [f"{key}='{_value(value)}'" for key, value in attributes.items() if value]
    return f"##teamcity[{verb} {' '.join(pairs)}]"


def _value(text: str) -> str:
    return escaped(text)[:_LONGEST].translate(_ESCAPES)
