"""What a run comes to: the frozen values that every format writes."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from policylint.errors import RuleFailure
from policylint.model import Finding, Impact, Json, Outcome, ResourceId, Target, Verdict


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


class Report(Struct, frozen=True):
    """A whole run."""

    verdict: Verdict
    releases: tuple[ReleaseReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Findings that belong to no release: those of `scan`."""
    failures: tuple[RuleFailure, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)
    """More top-level keys of the JSON: `invocations` of a scan."""
