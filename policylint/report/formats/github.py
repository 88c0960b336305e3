"""Annotations of GitHub Actions: workflow commands that put each finding beside its line.

Source: "Workflow commands for GitHub Actions", GitHub's documentation; the escapes are those of
actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.model import Finding, Severity
from policylint.report.model import Report, counted, every_failure, every_finding, every_settled
from policylint.report.places import line_of, primary, shown_path
from policylint.runtime.escapes import escaped

_LEVELS: Mapping[Severity, str] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


def render(report: Report) -> str:
    """One workflow command for each finding and each thing that could not be judged."""
    return "".join(f"{line}\n" for line in _commands(report))


def _commands(report: Report) -> Iterator[str]:
    for release, finding in every_finding(report):
        yield _command(_LEVELS[finding.severity], _properties(finding), _text(finding, release))
    for release, failure in every_failure(report):
        subject = release or "policylint"
        words = f"{subject}: {failure.message}\n{failure.remedy}".rstrip()
        yield _command("error", {"title": f"policylint could not judge: {failure.rule}"}, words)
    settled = counted(finding for _, finding in every_settled(report))
    if settled:
        words = f"{settled}: policylint check --show-waived lists them"
        yield _command("notice", {"title": "policylint: findings that may stand"}, words)


def _properties(finding: Finding) -> dict[str, str]:
    properties = {"title": f"policylint: {finding.rule}"}
    place = primary(finding)
    if place is not None:
        properties["file"] = shown_path(place.file)
        if line := line_of(place):
            properties["line"] = str(line)
    return properties


def _text(finding: Finding, release: str) -> str:
    subject = ", ".join(filter(None, (release, str(finding.resource or ""))))
    lines = [finding.message]
    if subject:
        lines.append(subject)
    if finding.because:
        lines.append(f"because {finding.because}")
    lines += [f"fix: {fix.title}" for fix in finding.fixes[:1]]
    return "\n".join(lines)


def _command(name: str, properties: Mapping[str, str], text: str) -> str:
    pairs = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {pairs}::{_data(escaped(text))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(escaped(text)).replace(":", "%3A").replace(",", "%2C")
