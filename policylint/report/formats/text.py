"""The report for a person: the consequence first, then where, why and what to do; one summary line
last."""

from __future__ import annotations

import json
from collections.abc import Iterator

from msgspec import Struct

from policylint.errors import RuleFailure
from policylint.model import Finding, Fix, Impact, Json, Location, Severity, Verdict
from policylint.report.formats.json import shown_path, summary
from policylint.report.model import ChartChange, ChartVersion, Evidence, ReleaseReport, Report
from policylint.runtime.escapes import escaped

COLOURS = {
    "error": "31;1",
    "warning": "33;1",
    "note": "36",
    "pass": "32;1",
    "fail": "31;1",
    "unknown": "35;1",
}
WIDTH = 96
_FEW = 5
"""Images that are shown of a release."""
LABELS = {"cause": "caused by", "rendered": "rendered", "command": "at", "record": "record"}


def render(report: Report, *, colour: bool = False) -> str:
    """The report as text; `colour` paints it for a terminal."""
    lines: list[Line] = []
    for release in report.releases:
        lines += _release(release)
    for finding in report.findings:
        lines += [*_finding(finding), ""]
    for failure in report.failures:
        lines += [*_failure(failure), ""]
    lines += [*_scanned(report), *_untouched(report)]
    lines.append(_last(report))
    return "\n".join(_written(line, colour=colour) for line in lines) + "\n"


def of_finding(finding: Finding) -> str:
    """One finding as the report shows it, without colour."""
    return "\n".join(_written(line, colour=False) for line in _finding(finding))


_SHOWN = 5
"""Places of one finding that are printed."""


class Headline(Struct, frozen=True):
    """A line whose first words are painted."""

    words: str
    name: str
    """What they are painted as: a severity or a verdict."""
    rest: str


Line = str | Headline


def _written(line: Line, *, colour: bool) -> str:
    """A line as it is shown: what came from outside cannot act in a terminal or a log."""
    if isinstance(line, str):
        return escaped(line)
    words = escaped(line.words)
    painted = f"\x1b[{COLOURS[line.name]}m{words}\x1b[0m" if colour else words
    return painted + escaped(line.rest)


def _scanned(report: Report) -> Iterator[str]:
    """What a scan has read, so that an empty answer is no silence."""
    if report.scan is not None:
        scan = report.scan
        count = len(scan.invocations) or "no"
        yield f"{scan.files_read} files read: {count} helm commands and declared releases"
        if scan.aside:
            yield f"{scan.aside} of them stand in documentation, test fixtures or vendored files"
            yield "and are not judged: --all-findings judges them too"
        if scan.left_out:
            yield f"{scan.left_out} files that may run Helm are left out by scan.ignore"
        yield ""


def _untouched(report: Report) -> Iterator[str]:
    """Which releases `--changed` left out, where it left none."""
    if report.untouched:
        shown = ", ".join(report.untouched[:_FEW])
        more = len(report.untouched) - _FEW
        rest = f" and {more} more" if more > 0 else ""
        yield f"the change touches none of these releases: {shown}{rest}"
        yield ""


def _release(release: ReleaseReport) -> list[Line]:
    lines: list[Line] = [*release.overview.splitlines(), ""] if release.overview else []
    for finding in release.findings:
        lines += [*_finding(finding), ""]
    for failure in release.failures:
        lines += [*_failure(failure), ""]
    if release.evidence is None:
        return lines
    return [*lines, *_evidence(release, release.evidence), ""]


def _finding(finding: Finding) -> list[Line]:
    severity = str(finding.severity)
    way = " (on the way back)" if finding.direction == "rollback" else ""
    head = Headline(f"{severity}[{finding.rule}]", severity, f" {finding.message}{way}")
    lines: list[Line] = [head, *_subject(finding)]
    places = _causes_first(finding.locations)
    lines += [_row(LABELS.get(place.role, place.role), _place(place)) for place in places[:_SHOWN]]
    if len(places) > _SHOWN:
        lines.append(_row("", f"and {len(places) - _SHOWN} more places"))
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
        has_values = (finding.before, finding.after) != (None, None)
        change = f" {short(finding.before)} -> {short(finding.after)}" if has_values else ""
        yield f"  {where}{dotted(finding.path)}{change}"
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


def _failure(failure: RuleFailure) -> list[Line]:
    head = Headline(f"unknown[{failure.rule}]", "unknown", f" {failure.message}")
    lines: list[Line] = [head]
    if failure.resource:
        lines.append(f"  {failure.resource}")
    return [*lines, _row("fix", failure.remedy)] if failure.remedy else lines


def _evidence(release: ReleaseReport, evidence: Evidence) -> list[str]:
    target = release.target
    nameless = "chart" if evidence.engine else "manifests"
    where = f"{release.namespace}/{release.name}" if release.name else nameless
    environment = f" in {target.environment}" if target.environment else ""
    lines = [f"{where}{environment}: {_counts(release)}"]
    if evidence.before or evidence.after:
        lines.append(_row("compared", f"{evidence.before} -> {evidence.after}"))
    how = f"Kubernetes {target.kubernetes}, Helm {target.helm}, {target.apply}"
    lines += _declared(release)
    lines.append(_row("judged for", f"{how}; {evidence.rules} rules"))
    lines += [_row("half-applied", text) for text in evidence.half_applied]
    lines += [_row("drift", text) for text in evidence.drift]
    lines += [_row("notes", text) for text in evidence.notes]
    return lines


def _declared(release: ReleaseReport) -> Iterator[str]:
    """Where a release is declared, and what of its charts and images changes."""
    source = release.source
    if source is None:
        return
    where = source.cluster or source.environment
    cluster = f" for {where}" if where else ""
    yield _row("declared", f"{source.file}:{source.line} ({source.tool}){cluster}")
    yield from _bumped(release.chart)
    for image in release.images[:_FEW]:
        before, after = image.before or "(none)", image.after or "(none)"
        yield _row("image", f"{image.container} {before} -> {after}")
    if len(release.images) > _FEW:
        yield _row("image", f"and {len(release.images) - _FEW} more")
    if release.routine:
        yield _row("routine", "nothing but images and version labels changes")


def _bumped(chart: ChartChange | None) -> Iterator[str]:
    """The chart, where it is another one or of another version."""
    if chart and chart.before and chart.before != chart.after:
        before, after = _version(chart.before), _version(chart.after)
        yield _row("chart", f"{chart.after.name} {before} -> {after}")


def _version(chart: ChartVersion) -> str:
    return chart.version or chart.digest[:19] or "(no version)"


def _counts(release: ReleaseReport) -> str:
    impacts = [change.impact for change in release.changes]
    words = [f"{impacts.count(impact)} {impact}" for impact in Impact if impact in impacts]
    noun = "resource" if len(impacts) == 1 else "resources"
    return f"{len(impacts)} {noun}" + (f" ({', '.join(words)})" if words else "")


def _last(report: Report) -> Line:
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
    verdict = str(report.verdict)
    releases = f" in {len(report.releases)} releases" if len(report.releases) > 1 else ""
    meaning = {
        Verdict.PASS: "",
        Verdict.FAIL: "",
        Verdict.UNKNOWN: " (policylint could not judge everything)",
    }
    rest = f": {', '.join(words)}{releases}{meaning[report.verdict]}"
    return Headline(verdict.upper(), verdict, rest)
