"""The report for a person: the consequence first, then where, why and what to do; one summary line
last."""

from __future__ import annotations

import json
from collections.abc import Iterator

from policylint.errors import RuleFailure
from policylint.model import Finding, Fix, Impact, Json, Location, Severity, Verdict
from policylint.report.formats.json import shown_path, summary
from policylint.report.model import ReleaseReport, Report

COLOURS = {
    "error": "31;1",
    "warning": "33;1",
    "note": "36",
    "pass": "32;1",
    "fail": "31;1",
    "unknown": "35;1",
}
WIDTH = 96
LABELS = {"cause": "caused by", "rendered": "rendered", "command": "at", "record": "record"}


def render(report: Report, *, colour: bool = False) -> str:
    """The report as text; `colour` paints it for a terminal."""
    lines: list[str] = []
    for release in report.releases:
        lines += _release(release, colour)
    for finding in report.findings:
        lines += [*_finding(finding, colour), ""]
    for failure in report.failures:
        lines += [*_failure(failure, colour), ""]
    lines += [*_scanned(report), *_untouched(report)]
    lines.append(_last(report, colour))
    return "\n".join(lines) + "\n"


def _scanned(report: Report) -> Iterator[str]:
    """What a scan has read, so that an empty answer is no silence."""
    found = report.extra.get("invocations")
    if found is not None:
        files = report.extra.get("files_read", 0)
        yield f"{files} files read: {len(found) or 'no'} helm commands and declared releases"
        yield ""


def _untouched(report: Report) -> Iterator[str]:
    """Which releases `--changed` left out, where it left none."""
    if untouched := report.extra.get("untouched"):
        yield f"the change touches no configured release: {', '.join(untouched)}"
        yield ""


def _release(release: ReleaseReport, colour: bool) -> list[str]:
    lines = [*release.overview.splitlines(), ""] if release.overview else []
    for finding in release.findings:
        lines += [*_finding(finding, colour), ""]
    for failure in release.failures:
        lines += [*_failure(failure, colour), ""]
    return (
        [*lines, *_evidence(release), ""] if release.evidence else lines
    )  # a history has compared nothing


def _finding(finding: Finding, colour: bool) -> list[str]:
    head = _paint(f"{finding.severity}[{finding.rule}]", str(finding.severity), colour)
    way = " (on the way back)" if finding.direction == "rollback" else ""
    lines = [f"{head} {finding.message}{way}", *_subject(finding)]
    lines += [
        _row(LABELS.get(place.role, place.role), _place(place))
        for place in _causes_first(finding.locations)
    ]
    if finding.because:
        lines.append(_row("because", finding.because))
    if finding.confidence != "certain":
        lines.append(_row("confidence", str(finding.confidence)))
    for fix in finding.fixes:
        lines += _fix(fix)
    return lines


def _causes_first(places: tuple[Location, ...]) -> list[Location]:
    """What to change before where it shows."""
    return sorted(places, key=lambda place: place.role != "cause")


def _subject(finding: Finding) -> Iterator[str]:
    where = f"{finding.resource}: " if finding.resource else ""
    if finding.path:
        change = f" {short(finding.before)} -> {short(finding.after)}"
        yield f"  {where}{dotted(finding.path)}{change if (finding.before, finding.after) != (None, None) else ''}"
    elif finding.resource:
        yield f"  {finding.resource}"


def dotted(path: str) -> str:
    """A JSON pointer as people write fields: spec.template.spec.containers[0].image."""
    text = ""
    for raw in path.split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        if step.isdigit() or "." in step or "/" in step:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def short(value: Json) -> str:
    """A value on one line of at most 60 characters."""
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.replace("\n", "\\n") or '""'
    return text if len(text) <= 60 else text[:57] + "..."


def _place(place: Location) -> str:
    key = f"  {place.key}" if place.key else ""
    if place.role == "rendered":
        line = f" (line {place.line} of the render)" if place.line else ""
        return f"{shown_path(place.file)}{line}{key}"
    line = f":{place.line}" if place.line else ""
    return f"{shown_path(place.file)}{line}{key}"


def _fix(fix: Fix) -> list[str]:
    title = f"{fix.title} ({fix.cost})" if fix.cost else fix.title
    lines = [_row("fix", title)]
    for number, step in enumerate(fix.steps, 1):
        first, *rest = step.splitlines() or [""]
        lines.append(f"{'':14}{number}. {first}")
        lines += [f"{'':17}{line}" for line in rest]
    return lines


def _row(label: str, text: str) -> str:
    return f"  {label:<11} {text}"


def _failure(failure: RuleFailure, colour: bool) -> list[str]:
    head = _paint(f"unknown[{failure.rule}]", "unknown", colour)
    lines = [f"{head} {failure.message}"]
    if failure.resource:
        lines.append(f"  {failure.resource}")
    return [*lines, _row("fix", failure.remedy)] if failure.remedy else lines


def _evidence(release: ReleaseReport) -> list[str]:
    target = release.target
    nameless = "chart" if release.evidence.get("engine") else "manifests"
    where = f"{release.namespace}/{release.name}" if release.name else nameless
    environment = f" in {target.environment}" if target.environment else ""
    lines = [f"{where}{environment}: {_counts(release)}"]
    before, after = release.evidence.get("before"), release.evidence.get("after")
    if before or after:
        lines.append(_row("compared", f"{before} -> {after}"))
    how = f"Kubernetes {target.kubernetes}, Helm {target.helm}, {target.apply}"
    lines.append(_row("judged for", f"{how}; {release.evidence.get('rules', 0)} rules"))
    for label in ("unstable", "unjudged", "half-applied", "drift", "notes"):
        lines += [_row(label, str(text)) for text in release.evidence.get(label, ())]
    return lines


def _counts(release: ReleaseReport) -> str:
    impacts = [change.impact for change in release.changes]
    words = [f"{impacts.count(impact)} {impact}" for impact in Impact if impact in impacts]
    noun = "resource" if len(impacts) == 1 else "resources"
    return f"{len(impacts)} {noun}" + (f" ({', '.join(words)})" if words else "")


def _last(report: Report, colour: bool) -> str:
    findings = [finding for release in report.releases for finding in release.findings] + list(
        report.findings
    )
    failures = sum(len(release.failures) for release in report.releases) + len(report.failures)
    counts = summary(findings, failures)
    words = [
        f"{counts[level]} {level}{'s' if counts[level] != 1 else ''}"
        for level in map(str, Severity)
    ]
    if failures:
        words.append(f"{failures} unknown")
    verdict = _paint(str(report.verdict).upper(), str(report.verdict), colour)
    releases = f" in {len(report.releases)} releases" if len(report.releases) > 1 else ""
    meaning = {
        Verdict.PASS: "",
        Verdict.FAIL: "",
        Verdict.UNKNOWN: " (policylint could not judge everything)",
    }
    return f"{verdict}: {', '.join(words)}{releases}{meaning[report.verdict]}"


def _paint(text: str, name: str, colour: bool) -> str:
    return f"\x1b[{COLOURS[name]}m{text}\x1b[0m" if colour else text
