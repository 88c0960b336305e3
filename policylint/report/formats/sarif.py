"""SARIF 2.1.0, which code hosts show as alerts beside the lines.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", and GitHub's
"SARIF support for code scanning" for what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from policylint.errors import RuleFailure
from policylint.model import Finding, Location, Severity, Waived
from policylint.report.model import (
    Report,
    RuleInfo,
    every_failure,
    every_finding,
    every_rule,
    every_settled,
)
from policylint.report.places import NO_FILE, line_of, primary, shown_path
from policylint.runtime.escapes import escaped, json_text
from policylint.version import __version__

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_MOST = 25_000
"""Results that GitHub takes of one run; a log with more is refused."""
_LEVELS: Mapping[Severity, str] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}


def render(report: Report) -> str:
    """The report as one SARIF log with one run."""
    findings = [*every_finding(report), *every_settled(report)]
    left = len(findings) - _MOST
    if left > 0:
        findings = sorted(findings, key=lambda row: -row[1].severity.rank)[:_MOST]
    known = every_rule(report)
    ids = sorted({finding.rule for _, finding in findings})
    index = {rule: number for number, rule in enumerate(ids)}
    failures = [_notification(failure, release) for release, failure in every_failure(report)]
    notices = [_left_out(left)] if left > 0 else []
    run = {
        "tool": {
            "driver": {
                "name": "policylint",
                "version": __version__,
                "informationUri": "https://github.com/policylint/policylint",
                "rules": [_rule(rule, known.get(rule)) for rule in ids],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not failures,
                "exitCode": report.verdict.exit_code,
                "toolExecutionNotifications": failures + notices,
            }
        ],
        "results": [_result(finding, release, index) for release, finding in findings],
        "columnKind": "unicodeCodePoints",
        "properties": {"verdict": str(report.verdict)},
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_text(log)


def _rule(rule: str, info: RuleInfo | None) -> dict[str, Any]:
    if info is None:
        return {"id": rule}
    return {
        "id": rule,
        "name": rule,
        "shortDescription": {"text": info.title},
        "fullDescription": {"text": info.title},
        "help": {"text": info.page, "markdown": info.page},
        "helpUri": info.url,
        "defaultConfiguration": {"level": _LEVELS[info.severity]},
        "properties": {"category": str(info.category), "tags": [str(info.category)]},
    }


def _result(finding: Finding, release: str, index: Mapping[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": escaped(_words(finding, release))},
        "partialFingerprints": {"policylint/v1": finding.fingerprint},
        "properties": {
            "category": str(finding.category),
            "confidence": str(finding.confidence),
            "direction": str(finding.direction),
            "release": escaped(release),
        },
    }
    if finding.waived is not None:
        result["suppressions"] = [_suppression(finding.waived)]
    elif finding.known:
        result["baselineState"] = "unchanged"
        result["suppressions"] = [{"kind": "external", "justification": "in the baseline"}]
    return {**result, "locations": [_location(finding)]}


def _suppression(waived: Waived) -> dict[str, Any]:
    """A waiver as SARIF has it; what stands in a comment or a configuration is in the source."""
    if waived.owner:
        words = f"{waived.owner}: {waived.reason}"
    else:
        words = waived.reason
    if waived.expires:
        until = f" (until {waived.expires})"
    else:
        until = ""
    uri = quote(shown_path(waived.where.file), safe="/")
    place: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}}
    if waived.where.line:
        place["region"] = {"startLine": waived.where.line}
    return {
        "kind": "inSource",
        "status": "accepted",
        "justification": escaped(words + until),
        "location": {"physicalLocation": place},
    }


def _words(finding: Finding, release: str) -> str:
    subject = ", ".join(filter(None, (release, str(finding.resource or ""))))
    lines = [f"{subject}: {finding.message}" if subject else finding.message]
    if finding.because:
        lines.append(f"Because {finding.because}")
    lines += [f"Fix: {fix.title}" for fix in finding.fixes]
    return "\n".join(lines)


def _location(finding: Finding) -> dict[str, Any]:
    """Where it is; GitHub takes no log with a result that is nowhere."""
    place = primary(finding) or Location("cause", NO_FILE, 1)
    # A path is data, not a URI of its own: what a URI would read as a scheme or a query is quoted.
    artifact = {"uri": quote(shown_path(place.file), safe="/"), "uriBaseId": "%SRCROOT%"}
    physical: dict[str, Any] = {"artifactLocation": artifact}
    if line := line_of(place):
        region = {"startLine": line}
        if place.column:
            region["startColumn"] = place.column
        physical["region"] = region
    return {"physicalLocation": physical}


def _left_out(count: int) -> dict[str, Any]:
    words = f"{count} findings are left out: GitHub takes no log with more than {_MOST} results"
    return {"level": "warning", "message": {"text": words}}


def _notification(failure: RuleFailure, release: str) -> dict[str, Any]:
    about = f"{release}: " if release else ""
    words = f"{about}{failure.rule}: {failure.message}\n{failure.remedy}".rstrip()
    return {"level": "error", "message": {"text": escaped(words)}}
