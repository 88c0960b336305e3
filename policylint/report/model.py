"""What a run comes to: the frozen values that every format writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import UNSET, Struct, UnsetType, field

from policylint.errors import RuleFailure
from policylint.model import (
    Category,
    FieldChange,
    Finding,
    Impact,
    Json,
    Outcome,
    ResourceId,
    Severity,
    Target,
    Verdict,
)
from policylint.report.counts import Counts

PAGES = "https://github.com/policylint/policylint/blob/main/rules/README.md"
"""The pages of the shipped rules."""


class ClusterAnswer(Struct, frozen=True):
    """The cluster's own answer to a dry run: "accepted", "rejected", or "error" where it gave
    none."""

    upgrade: str
    message: str = ""


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
    differences: Sequence[FieldChange] = ()
    """What changes in it, field by field, secrets masked; only some formats look."""
    asked: ClusterAnswer | UnsetType | None = UNSET
    """What the cluster answered, None where it was not asked about this one; unset without
    `--ask`."""


class SentStep(Struct, frozen=True):
    """What becomes of one object in an upgrade that is refused: "created", "changed", "refused" or
    "not sent"."""

    resource: str
    outcome: str


class Evidence(Struct, frozen=True):
    """What was compared, by which engine, and what the reader must know of it; keys of the JSON."""

    before: str = ""
    after: str = ""
    engine: str = ""
    """"" where nothing was rendered."""
    notes: tuple[str, ...] = ()
    resources: int = 0
    rules: int = 0
    """How many rules were active."""
    half_applied: tuple[str, ...] = field(default=(), name="half-applied")
    """Which objects a refused upgrade leaves changed, in words."""
    sent: tuple[SentStep, ...] = ()
    """Its objects in the order in which Helm comes to them; none where nothing is refused."""
    drift: tuple[str, ...] = ()
    """What the live objects that were given have otherwise than the before side."""


class RevisionSummary(Struct, frozen=True):
    """One revision of a release's history; what only a record holds is left out without one."""

    revision: int
    updated: str
    status: str
    chart: str
    app_version: str
    description: str
    good: bool
    record: str | UnsetType = UNSET
    size: int | UnsetType = UNSET
    apply: str | UnsetType = UNSET


class RevisionTarget(Struct, frozen=True):
    """The revision that a way back leads to."""

    revision: int
    status: str
    good: bool


class RollbackTargets(Struct, frozen=True):
    """Where each way back leads, None where Helm finds none or the history shows too little."""

    rollback_without_number: RevisionTarget | None
    atomic: RevisionTarget | None
    newest_good: RevisionTarget | None


class HistorySummary(Struct, frozen=True):
    """A release's state as its revisions show it; keys of the release's JSON."""

    name: str
    namespace: str
    revisions: tuple[RevisionSummary, ...]
    targets: RollbackTargets
    complete: bool
    locked: bool
    upgrade_base: RevisionTarget | None
    failures_until_one_good_is_left: int | None


class ValueDifference(Struct, frozen=True):
    """A key of the values and what it holds on both sides, secrets masked."""

    key: str
    before: Json
    after: Json


class MissingValue(Struct, frozen=True):
    """A value that a template needs and does not get."""

    template: str
    line: int
    message: str


class ModeRow(Struct, frozen=True):
    """A key of the values, and what it holds under each values mode."""

    key: str
    values: Mapping[str, Json]


class ValuesSummary(Struct, frozen=True):
    """What an upgrade under a values mode makes of the values, secrets masked."""

    mode: str
    user_values: Json
    all_values: Json
    rendered: Json
    hidden: tuple[ValueDifference, ...]
    reverting: tuple[ValueDifference, ...]
    missing: tuple[MissingValue, ...]
    modes: tuple[ModeRow, ...]


class ScanSummary(Struct, frozen=True):
    """What a scan has read; `invocations` are rows of its JSON, made when they are asked for."""

    files_read: int
    invocations: Sequence[Mapping[str, Json]]
    aside: int = 0
    """Of the invocations those that are not judged: documentation, test fixtures, vendored."""
    left_out: int = 0
    """Files that may run Helm and that the configuration leaves out."""


class ChartVersion(Struct, frozen=True):
    """Which chart a side is."""

    name: str
    version: str = ""
    digest: str = ""


class ChartChange(Struct, frozen=True):
    """The charts of both sides; None where the old one is not at hand."""

    before: ChartVersion | None
    after: ChartVersion


class ImageChange(Struct, frozen=True):
    """An image that containers of one name run otherwise after the upgrade; "" on the side that
    has none."""

    container: str
    before: str
    after: str
    resources: tuple[ResourceId, ...]


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


class ReleaseSource(Struct, frozen=True):
    """Where a release is declared; keys of the JSON."""

    tool: str
    file: str = ""
    line: int = 0
    cluster: str = ""
    environment: str = ""
    chart_file: str = ""
    chart_line: int = 0
    """Where the chart's version is written."""


class ReleaseReport(Struct, frozen=True):
    """One release, judged: the evidence (what was compared, how) and what was found."""

    name: str
    namespace: str
    target: Target
    verdict: Verdict
    changes: tuple[ChangeSummary, ...] = ()
    findings: tuple[Finding, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    evidence: Evidence | None = None
    """None where nothing was compared: a history, a side that does not render."""
    overview: str = ""
    """Text shown before the findings: the table of a history."""
    history: HistorySummary | None = None
    values: ValuesSummary | None = None
    images: tuple[ImageChange, ...] = ()
    chart: ChartChange | None = None
    """None where no chart is at hand."""
    rules: tuple[RuleInfo, ...] = ()
    """The rules of its findings."""
    source: ReleaseSource | None = None
    controller: tuple[str, ...] = ()
    """What the controller that rolls the release out does with it, in words."""
    change: str = "kept"
    """What becomes of the release itself: created, kept, deleted, moved."""
    routine: bool = False
    """Whether nothing changes but images and what names a version; no verdict."""
    settled: tuple[Finding, ...] = ()
    """Its findings that are waived or known: told, and out of the verdict."""
    standing: tuple[Finding, ...] = ()
    """Findings about what was there before the change: counted, and out of the verdict."""


class Configuration(Struct, frozen=True):
    """Whose configuration judged a run; keys of the JSON."""

    file: str = ""
    """"" where there is none: the defaults hold."""
    revision: str = ""
    """Of which revision it is; "" for the work tree."""
    by: str = ""
    """Why that one: "--config", "--config-from", "pull request", "" for the nearest file."""
    above: str = ""
    """One above the repository, which was not taken."""


class Shard(Struct, frozen=True):
    """Which part of a run a report is of; keys of the JSON, where `merge` holds what
    `policylint merge` puts together."""

    index: int
    count: int
    releases: int
    """How many are judged here."""
    of: int
    """How many the run has."""
    merge: Mapping[str, Json]


class Report(Struct, frozen=True):
    """A whole run."""

    verdict: Verdict
    releases: Sequence[ReleaseReport] = ()
    findings: tuple[Finding, ...] = ()
    """Findings that belong to no release: those of `scan`."""
    failures: tuple[RuleFailure, ...] = ()
    scan: ScanSummary | None = None
    untouched: tuple[str, ...] = ()
    """The releases that `--changed` left out, where it left none."""
    rules: tuple[RuleInfo, ...] = ()
    """The rules of the findings that belong to no release."""
    settled: tuple[Finding, ...] = ()
    """Findings of no release that are waived or known."""
    configuration: Configuration | None = None
    """None where nothing is judged by one."""
    shard: Shard | None = None
    """Which part of a run this is; None for a whole one."""
    counts: Counts | None = None
    """The findings by rule, release or owner, where that is asked for."""


def release_name(release: ReleaseReport) -> str:
    """How a report calls a release: its namespace and name, and the cluster or environment that it
    is of, where that is known; "manifests" where it has no name."""
    name = f"{release.namespace}/{release.name}" if release.name else "manifests"
    source = release.source
    where = source.cluster or source.environment if source else ""
    if where:
        return f"{name} for {where}"
    if release.target.environment:
        return f"{name} in {release.target.environment}"
    return name


def impacts(
    release: ReleaseReport, order: Iterable[Impact] = Impact
) -> tuple[list[tuple[Impact, int]], int]:
    """([(impact, how many objects)], how many hooks run): a hook is no object of the release."""
    objects = [row.impact for row in release.changes if row.change != "hook"]
    hooks = [row for row in release.changes if row.change == "hook"]
    running = sum(row.impact is not Impact.NONE for row in hooks)
    return [(impact, objects.count(impact)) for impact in order if impact in objects], running


def every_finding(report: Report) -> Iterator[tuple[str, Finding]]:
    """(the release's name, finding) of each finding; "" for those that belong to no release."""
    for release in report.releases:
        yield from ((release_name(release), finding) for finding in release.findings)
    yield from (("", finding) for finding in report.findings)


def every_settled(report: Report) -> Iterator[tuple[str, Finding]]:
    """(the release's name, finding) of each finding that is waived or known."""
    for release in report.releases:
        yield from ((release_name(release), finding) for finding in release.settled)
    yield from (("", finding) for finding in report.settled)


def every_standing(report: Report) -> int:
    """How many findings about what was there before are not shown."""
    return sum(len(release.standing) for release in report.releases)


def counted(findings: Iterable[Finding]) -> str:
    """How many findings are waived and known, in words; "" for none."""
    counts = Counter("known" if finding.waived is None else "waived" for finding in findings)
    words = ("waived", "known")
    return ", ".join(f"{counts[word]} {word}" for word in words if counts[word])


def every_rule(report: Report) -> dict[str, RuleInfo]:
    """The rules of all findings, by id."""
    rules = {rule.id: rule for release in report.releases for rule in release.rules}
    return rules | {rule.id: rule for rule in report.rules}


def every_failure(report: Report) -> Iterator[tuple[str, RuleFailure]]:
    """(the release's name, failure) of whatever could not be judged; "" for the run itself."""
    for release in report.releases:
        yield from ((release_name(release), failure) for failure in release.failures)
    yield from (("", failure) for failure in report.failures)
