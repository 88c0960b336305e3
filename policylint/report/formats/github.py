"""Annotations of GitHub Actions: workflow commands that put each finding beside its line.

Source: "Workflow commands for GitHub Actions", GitHub's documentation; the escapes are those of
actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from policylint.errors import RuleFailure
from policylint.model import Finding, Severity
from policylint.report.model import Report, counted, every_failure, every_finding, every_settled
from policylint.report.places import line_of, primary, shown_path
from policylint.runtime.escapes import escaped

_LEVELS: Mapping[Severity, str] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


_MOST = 10
"""Annotations of a kind that GitHub keeps of a step, the first of them; further ones are lines of
the log alone."""


def render(report: Report) -> str:
    """One workflow command for each thing that could not be judged and each finding, the hardest
    first."""
    errors = list(map(_of_failure, every_failure(report)))
    rows = {level: [*errors] if level == "error" else [] for level in _LEVELS.values()}
    for release, finding in every_finding(report):
        level = _LEVELS[finding.severity]
        rows[level].append(_command(level, _properties(finding), _text(finding, release)))
    rows["notice"] += _settled(report)
    lines = chain.from_iterable(_within_limit(level, commands) for level, commands in rows.items())
    return "".join(f"{line}\n" for line in lines)


def _within_limit(level: str, commands: Sequence[str]) -> Iterator[str]:
    """The commands of a kind; where GitHub keeps not all, the last that it keeps says so."""
    if len(commands) <= _MOST:
        yield from commands
        return
    left = len(commands) - _MOST + 1
    words = f"{left} more are in the log of this step and in the report"
    yield from commands[: _MOST - 1]
    yield _command(level, {"title": f"policylint: {left} more"}, words)
    yield from commands[_MOST - 1 :]


def _of_failure(row: tuple[str, RuleFailure]) -> str:
    release, failure = row
    subject = release or "policylint"
    words = f"{subject}: {failure.message}\n{failure.remedy}".rstrip()
    return _command("error", {"title": f"policylint could not judge: {failure.rule}"}, words)


def _settled(report: Report) -> Iterator[str]:
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
