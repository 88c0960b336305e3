"""Where a report goes: the formats that were asked for, else those that the place itself reads.

Source for GitHub Actions: "Workflow commands for GitHub Actions", GitHub's documentation: commands
are read from standard output, and the file that GITHUB_STEP_SUMMARY names is the job's summary. For
GitLab: "Code Quality"; for TeamCity: "Service Messages", read from standard output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import UsageError
from policylint.model import Finding, Severity
from policylint.report.counts import By, Counts
from policylint.report.formats import names
from policylint.report.model import Report, every_finding

GITLAB_REPORT = "gl-code-quality-report.json"
"""The name that GitLab's documentation gives the report of code quality; a job keeps it as an
artifact."""


class Output(Struct, frozen=True):
    """One format of a report and where it goes."""

    format: str
    file: str = ""
    """"" is standard output."""
    append: bool = False
    """Added to what the file holds, which belongs to somebody else."""


def outputs(
    words: Sequence[str], environment: Mapping[str, str], runbook: str = ""
) -> tuple[Output, ...]:
    """What `--format` asks for (`text`, `sarif=out.sarif`); where it asks for nothing: text,
    and in GitHub Actions annotations and the job's summary too, in GitLab CI a report of code
    quality, in TeamCity inspections. `runbook` is the file of a runbook
    beside them.

    Raises `UsageError` for an unknown format, and for two on standard output.
    """
    if runbook:
        return (*outputs(words, environment), Output("runbook", runbook))
    if not words:
        return (Output("text"), *_of_place(environment))
    wanted = tuple(map(_output, words))
    if sum(not output.file for output in wanted) > 1:
        raise UsageError(
            "two formats for standard output",
            remedy="write one of them to a file: --format json=FILE",
        )
    return wanted


def _output(word: str) -> Output:
    name, _, file = word.partition("=")
    if name not in names():
        raise UsageError(
            f"no format is called {name!r}", remedy=f"the formats are {', '.join(names())}"
        )
    return Output(name, file)


def _of_place(environment: Mapping[str, str]) -> Iterator[Output]:
    if environment.get("GITLAB_CI") == "true":
        yield Output("gitlab", GITLAB_REPORT)
    if environment.get("TEAMCITY_VERSION"):
        yield Output("teamcity")
    if environment.get("GITHUB_ACTIONS") == "true":
        yield Output("github")
        summary = environment.get("GITHUB_STEP_SUMMARY", "")
        if summary:
            yield Output("markdown", summary, append=True)


def from_severity(report: Report, least: Severity) -> tuple[Report, int]:
    """(the report with the findings of at least this severity, how many are left out); the verdict
    stands."""
    if least is Severity.NOTE:  # nothing weighs less
        return report, 0
    from policylint.pipeline.assessed import REPORTS
    from policylint.runtime.packed import gathered  # few ask for less

    heavy = (
        replace(
            release,
            findings=_heavy(release.findings, least),
            settled=_heavy(release.settled, least),
        )
        for release in report.releases
    )
    releases = gathered(REPORTS, len(report.releases), heavy)
    findings, settled = _heavy(report.findings, least), _heavy(report.settled, least)
    shown = replace(report, releases=releases, findings=findings, settled=settled)
    return shown, _number(report) - _number(shown)


def _number(report: Report) -> int:
    """How many findings a report has."""
    return sum(1 for _ in every_finding(report))


def _heavy(findings: tuple[Finding, ...], least: Severity) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.severity.rank >= least.rank)


def counted(report: Report, by: By | None) -> Counts | None:
    """The findings of a report by rule, owner or release; None where nobody asks."""
    if by is None:
        return None
    from policylint.pipeline.showing.summary import counts

    return counts(report, by)


def snippets(report: Report) -> Mapping[tuple[str, int], str]:
    """The lines of values files that findings come from, by file and line; what is secret in a file
    is masked, and a file that cannot be read shows nothing."""
    from policylint.pipeline.showing.snippets import lines_of

    wanted = {
        (location.file, location.line)
        for _, finding in every_finding(report)
        for location in finding.locations
        if location.role == "cause" and location.line
    }
    if wanted:
        return lines_of(wanted)
    return {}
