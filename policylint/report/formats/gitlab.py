"""GitLab's code quality report: a JSON list that a merge request shows beside the lines.

Source: "Code Quality report format", GitLab's documentation (description, check_name, fingerprint,
severity, location.path and location.lines.begin are required).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from policylint.errors import RuleFailure
from policylint.model import Finding, Severity
from policylint.report.model import Report, every_failure, every_finding
from policylint.report.places import NO_FILE, line_of, primary, shown_path
from policylint.runtime.escapes import json_text, on_one_line

_LEVELS: Mapping[Severity, str] = {
    Severity.ERROR: "critical",
    Severity.WARNING: "major",
    Severity.NOTE: "info",
}


def render(report: Report) -> str:
    """The report as GitLab reads it."""
    entries = [_finding(finding, release) for release, finding in every_finding(report)]
    entries += [_failure(failure, release) for release, failure in every_failure(report)]
    return json_text(entries)


def _finding(finding: Finding, release: str) -> dict[str, Any]:
    subject = ", ".join(filter(None, (release, str(finding.resource or ""))))
    if subject:
        words = f"{subject}: {finding.message}"
    else:
        words = finding.message
    place = primary(finding)
    path = shown_path(place.file) if place else NO_FILE
    line = line_of(place) if place else 0
    return _entry(finding.rule, words, _LEVELS[finding.severity], path, line, finding.fingerprint)


def _failure(failure: RuleFailure, release: str) -> dict[str, Any]:
    words = f"{release or 'policylint'} could not be judged: {failure.message}"
    digest = hashlib.sha256(f"{failure.rule} {release} {failure.message}".encode()).hexdigest()
    return _entry(failure.rule, words, "blocker", NO_FILE, 0, digest[:16])


def _entry(
    rule: str, words: str, severity: str, path: str, line: int, fingerprint: str
) -> dict[str, Any]:
    return {
        "description": on_one_line(words),
        "check_name": rule,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": on_one_line(path), "lines": {"begin": line or 1}},
    }
