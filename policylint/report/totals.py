"""A report in numbers: its findings by severity and by rule, and its verdict with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from policylint.model import Finding, Severity, Verdict
from policylint.report.model import Report, counted, every_failure, every_finding, every_settled
from policylint.runtime.sentences import plural


def summary(findings: Iterable[Finding], failures: int) -> dict[str, int]:
    """How many findings of each severity, waived and known ones apart, and failures."""
    counts = Counter(map(_column, findings))
    columns = (*map(str, Severity), "waived", "known")
    return {**{column: counts[column] for column in columns}, "failures": failures}


def _column(finding: Finding) -> str:
    """What a finding counts as."""
    if finding.counts:
        return str(finding.severity)
    return "known" if finding.waived is None else "waived"


def frequencies(report: Report) -> Iterator[tuple[str, Severity, int]]:
    """(rule, severity, findings) of each rule that found something, the most frequent first."""
    counts = Counter((finding.rule, finding.severity) for _, finding in every_finding(report))
    for (rule, severity), count in sorted(counts.items(), key=lambda row: (-row[1], row[0])):
        yield rule, severity, count


def verdict_words(report: Report, hidden: int = 0) -> str:
    """What stands beside the verdict: `2 errors, 0 warnings, 1 note in 3 releases`."""
    failures = sum(1 for _ in every_failure(report))
    words = list(_severities(report))
    settled = counted(finding for _, finding in every_settled(report))
    if settled:
        words.append(settled)
    if failures:
        words.append(f"{failures} unknown")
    if hidden:
        words.append(f"{hidden} not shown")
    if len(report.releases) > 1:
        words[-1] += f" in {len(report.releases)} releases"
    if report.verdict is Verdict.UNKNOWN:
        words[-1] += " (policylint could not judge everything)"
    return ", ".join(words)


def _severities(report: Report) -> Iterator[str]:
    counts = summary((finding for _, finding in every_finding(report)), 0)
    yield from (plural(counts[str(level)], str(level)) for level in Severity)
    trials = sum(finding.dry for _, finding in every_finding(report))
    if trials:
        yield f"{trials} of them on trial"
