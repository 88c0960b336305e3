"""What a run comes to: the frozen values that every format writes."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from policylint.errors import RuleFailure
from policylint.model import (
    Category,
    Finding,
    Impact,
    Json,
    Outcome,
    ResourceId,
    Severity,
    Target,
    Verdict,
)

PAGES = "https://github.com/policylint/policylint/blob/main/rules/README.md"
"""The pages of the shipped rules."""


class ChangeSummary(Struct, frozen=True):
    """One row of the report's table: a resource, what happens to it, what the API server will
    say."""

    resource: ResourceId
    change: str  # created | kept | deleted | hook
    impact: Impact
    fields: int = 0
    noise: int = 0
    upgrade: Outcome | None = None
    rollback: Outcome | None = None
    reason: str = ""


class ReleaseReport(Struct, frozen=True):
    """One release, judged: the evidence (what was compared, how) and what was found."""

    name: str
    namespace: str
    target: Target
    verdict: Verdict
    changes: tuple[ChangeSummary, ...] = ()
    findings: tuple[Finding, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    evidence: Mapping[str, Json] = field(default_factory=dict)
    overview: str = ""
    """Text shown before the findings: the table of a history."""
    extra: Mapping[str, Json] = field(default_factory=dict)
    """More keys of the release's JSON: `revisions` and `targets` of a history."""


class RuleInfo(Struct, frozen=True):
    """What formats show of a rule that found something: its page is Markdown, its URL stable."""

    id: str
    title: str
    page: str
    category: Category
    severity: Severity

    @property
    def url(self) -> str:
        """Where the page stands."""
        return f"{PAGES}#{self.id}"


class Report(Struct, frozen=True):
    """A whole run."""

    verdict: Verdict
    releases: tuple[ReleaseReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Findings that belong to no release: those of `scan`."""
    failures: tuple[RuleFailure, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)
    """More top-level keys of the JSON: `invocations` of a scan."""
    rules: tuple[RuleInfo, ...] = ()
    """The rules of the findings."""


def release_name(release: ReleaseReport) -> str:
    """How a report calls a release: its namespace and name; "manifests" where it has no name."""
    return f"{release.namespace}/{release.name}" if release.name else "manifests"


def every_finding(report: Report) -> list[tuple[str, Finding]]:
    """(the release's name, finding) of each finding; "" for those that belong to no release."""
    of_releases = [
        (release_name(release), finding)
        for release in report.releases
        for finding in release.findings
    ]
    return of_releases + [("", finding) for finding in report.findings]


def every_failure(report: Report) -> list[tuple[str, RuleFailure]]:
    """(the release's name, failure) of whatever could not be judged; "" for the run itself."""
    of_releases = [
        (release_name(release), failure)
        for release in report.releases
        for failure in release.failures
    ]
    return of_releases + [("", failure) for failure in report.failures]
