"""Judge one release: read, diff, forecast, evaluate, in one straight line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.engine import judging
from policylint.engine.judging import Judgement, Judging
from policylint.engine.standing import Subjects
from policylint.errors import RuleFailure
from policylint.helm.render.texts import Alternative
from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.forecast import forecast
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.impact import effect_on, impact, stale_readers
from policylint.kubernetes.forecast.progress import Fate, progress
from policylint.kubernetes.manifests.definitions import of_sides
from policylint.kubernetes.manifests.diff import changes
from policylint.kubernetes.manifests.drift import drift
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import (
    Change,
    Confidence,
    Created,
    Deleted,
    Finding,
    Impact,
    Json,
    Kept,
    Manifest,
    Resource,
    ResourceId,
    Severity,
    Target,
    Upgrade,
    combine,
)
from policylint.pipeline.judging.asked import Asked
from policylint.pipeline.judging.differences import Differences, images
from policylint.pipeline.judging.pruning import without_kept
from policylint.pipeline.judging.synced import as_synced, sendings
from policylint.redaction.redactor import Redactor
from policylint.report.model import ChangeSummary, Evidence, ReleaseReport, SentStep
from policylint.scan.gitops.rollout import Rollout


class Case(Struct, frozen=True):
    """One release, rendered: everything that judging it needs, and nothing that touches the
    world."""

    release: str
    namespace: str
    target: Target
    before: tuple[Text, ...]
    after: tuple[Text, ...]
    before_crds: tuple[Text, ...] = ()
    after_crds: tuple[Text, ...] = ()
    named_crds: tuple[Text, ...] = ()
    """What `--crds` names."""
    policies: tuple[Text, ...] = ()
    """What `--policies` and the configuration name."""
    live: tuple[Text, ...] = ()
    """What `--live` names: objects as `kubectl get -o yaml` prints them."""
    kept: Mapping[ResourceId, Resource] = field(default_factory=dict)
    """What earlier revisions have left in the cluster by the keep policy."""
    immutable_paths: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    subjects: tuple[object, ...] = ()
    """More subjects of rules: invocations, the history, the values change, the charts."""
    invocations: tuple[object, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    evidence: Evidence = Evidence()
    other_target: Target | None = None
    """How else the release may be sent, where nobody says how it is."""
    alternatives: tuple[Alternative, ...] = ()
    """Other pairs that may be the one that runs."""
    inputs: Mapping[str, Json] = field(default_factory=dict)
    """What rules in YAML may name beside their subject."""
    rollout: Rollout | None = None
    """How the tool that declares the release rolls it out."""
    secrets: tuple[str, ...] = ()
    """Values that are known to be secret, wherever they are rendered to."""
    restarting: Mapping[str, str] = field(default_factory=dict)
    """Workloads whose pod template is another one at every render, as an `Upgrade` has them."""
    earlier: Subjects = tuple
    """What makes the same subjects of the before side."""


class Sides(Struct, frozen=True):
    """Both sides read, and the reader that knows their kinds."""

    before: Manifest
    after: Manifest
    reader: Reader


def prepare(kubernetes: str) -> None:
    """Load what judging a release will need, while helm still renders."""
    import policylint.kubernetes.validity.tables  # noqa: F401  used when its turn comes

    schemas(kubernetes)


def judge(case: Case, by: Judging) -> ReleaseReport:
    """All stages from read to report, of one release. Raises `ReadError` for text that is no
    manifest."""
    sides = read(case)
    cluster = cluster_of(case, sides)
    upgrade = forecast(diff(case, sides), cluster)
    return report(case, upgrade, cluster, evaluate(case, upgrade, cluster, by))


def with_alternatives(told: ReleaseReport, case: Case, by: Judging) -> ReleaseReport:
    """The report with the errors of the other pairs that may be the one that runs."""
    known = {about(finding) for finding in told.findings}
    findings = list(told.findings)
    verdicts = [told.verdict]
    for alternative in case.alternatives:
        if alternative.supposes:
            continue  # counts by its verdict: `policylint.pipeline.judging.clusters`
        variant = replace(case, before=alternative.before, after=alternative.after, subjects=())
        more = judge(replace(variant, failures=(), alternatives=()), by)
        added = [
            replace(
                finding,
                confidence=Confidence.DEPENDS,
                because=f"{finding.because}, {alternative.when}".removeprefix(", "),
            )
            for finding in more.findings
            if finding.severity is Severity.ERROR and about(finding) not in known
        ]
        findings += added
        known |= set(map(about, added))
        verdicts += [more.verdict] if added else []
    if len(findings) == len(told.findings):
        return told
    return replace(told, findings=tuple(findings), verdict=combine(verdicts))


def about(finding: Finding) -> tuple[object, ...]:
    """What a finding is about: the rule, the direction and the resource."""
    return finding.rule, finding.direction, finding.resource


def read(case: Case) -> Sides:
    """Read: texts become manifests, by the kinds that the cluster and the CRDs define."""
    plain = Reader(case.namespace, schemas(case.target.kubernetes))
    before_crds, after_crds = map(_resources, plain.read_pair(case.before_crds, case.after_crds))
    named_crds = _resources(plain.read(case.named_crds))
    reader = plain.knowing((*before_crds, *after_crds, *named_crds))
    before, after = reader.read_pair(case.before, case.after)
    if _is_synced(case):
        before, after = as_synced(before), as_synced(after)
    return Sides(replace(before, crds=before_crds), replace(after, crds=after_crds), reader)


def diff(case: Case, sides: Sides) -> Upgrade:
    """Diff: two manifests become the changes of an upgrade."""
    changed = changes(sides.before, sides.after, schemas(case.target.kubernetes))
    return Upgrade(
        case.release,
        case.namespace,
        case.target,
        sides.before,
        sides.after,
        without_kept(changed, case.rollout),
        secrets=case.secrets,
        restarting=case.restarting,
        sendings=sendings(changed, case.target) if _is_synced(case) else {},
        applies_hooks=_is_synced(case),
    )


def _is_synced(case: Case) -> bool:
    return case.rollout is not None and case.rollout.is_synced


def forecasted(case: Case) -> Upgrade:
    """The case read, diffed and forecast, both ways."""
    sides = read(case)
    return forecast(diff(case, sides), cluster_of(case, sides))


def evaluate(case: Case, upgrade: Upgrade, cluster: Cluster, by: Judging) -> Judgement:
    """Evaluate: what the rules say of the upgrade, of its changes, and of all else that the case
    brings; and what the policies say that the user or the release itself brings."""
    redactor = redactor_of(upgrade)
    asked = _asked(case, upgrade, cluster, redactor)
    judgement = judging.judge(
        by,
        (upgrade, *upgrade.changes, *case.subjects, *([case.rollout] if case.rollout else ())),
        case.target,
        upgrade=upgrade,
        invocations=case.invocations,
        failures=(*case.failures, *asked.failures),
        redactor=redactor,
        more=asked.findings,
        inputs=case.inputs,
        earlier=case.earlier,
    )
    return replace(judgement, notes=asked.notes)


def _asked(case: Case, upgrade: Upgrade, cluster: Cluster, redactor: Redactor) -> Asked:
    """What policies say; most releases have none, so that they are loaded where there are some."""
    sides = (upgrade.before, upgrade.after)
    own = (identity for side in sides for identity in (*side.resources, *side.hooks))
    if not case.policies and not any(map(_is_policy, (*own, *cluster.live))):
        return Asked()
    from policylint.pipeline.judging.policies import ask

    return ask(case.policies, upgrade, cluster, redactor)


def _is_policy(identity: ResourceId) -> bool:
    return identity.kind.startswith("ValidatingAdmissionPolicy")


def report(case: Case, upgrade: Upgrade, cluster: Cluster, judgement: Judgement) -> ReleaseReport:
    """Report: all of it as one frozen value."""
    differences: Sequence[str] = ()
    if case.live:
        published = schemas(case.target.kubernetes)
        differences = drift(upgrade, cluster.live, published, redactor_of(upgrade))
    steps = tuple(SentStep(str(identity), str(fate)) for identity, fate in progress(upgrade))
    evidence = replace(
        case.evidence,
        resources=len(upgrade.changes),
        notes=(*case.evidence.notes, *judgement.notes),
        rules=judgement.rules,
        sent=steps,
        half_applied=tuple(half_applied(steps)),
        drift=tuple(differences),
    )
    return ReleaseReport(
        name=case.release,
        namespace=case.namespace,
        target=case.target,
        verdict=judgement.verdict,
        changes=tuple(summaries(upgrade)),
        images=images(upgrade.changes),
        findings=judgement.findings,
        standing=judgement.standing,
        failures=judgement.failures,
        evidence=evidence,
        rules=judgement.reported,
    )


def cluster_of(case: Case, sides: Sides) -> Cluster:
    """What is known of the cluster: the live objects that were given, and the definitions of both
    sides."""
    live, named = sides.reader.read(case.live), sides.reader.read(case.named_crds)
    named = replace(named, crds=_resources(named))
    live = replace(live, resources={item.id: item for item in _resources(live)})
    objects = live.resources.items()
    return Cluster(
        live={identity: resource.body for identity, resource in objects},
        crds=of_sides(named, live),
        storage_classes={
            identity.name: resource.body
            for identity, resource in objects
            if identity.kind == "StorageClass"
        },
        immutable_paths=case.immutable_paths,
        kept=case.kept,
    )


def redactor_of(upgrade: Upgrade) -> Redactor:
    """What masks the secrets of both sides."""
    of_objects = Redactor.of([*_resources(upgrade.before), *_resources(upgrade.after)])
    return Redactor((*upgrade.secrets, *of_objects.secrets))


def summaries(upgrade: Upgrade) -> list[ChangeSummary]:
    """One row per resource, hooks last; those of tests and of other operations do nothing here."""
    minor = upgrade.target.kubernetes
    redactor = cache(partial(redactor_of, upgrade))
    stale = stale_readers(upgrade, minor)
    rows = [
        _row(change, effect_on(change, upgrade, minor), stale.get(change.id, ()), redactor)
        for change in upgrade.changes
    ]
    run = {hook.id: hook for hook in upgrade.hooks}
    hooks = [
        run.get(identity, Created(resource))
        for identity, resource in upgrade.after.hooks.items()
        if identity not in upgrade.after.resources
    ]
    return rows + [_hook_row(hook, redactor, runs=hook.id in run) for hook in hooks]


def _hook_row(hook: Created, redactor: Callable[[], Redactor], *, runs: bool) -> ChangeSummary:
    answers = (hook.forecast.upgrade, hook.forecast.rollback)
    upgrade, rollback = (answer.outcome if answer else None for answer in answers)
    effect, reason = impact(hook) if runs else (Impact.NONE, "no hook of this operation")
    return ChangeSummary(
        hook.id,
        "hook",
        effect,
        upgrade=upgrade,
        rollback=rollback,
        reason=reason,
        differences=Differences(hook, redactor),
    )


def _row(
    change: Change,
    effect_and_reason: tuple[Impact, str],
    stale: Sequence[ResourceId],
    redactor: Callable[[], Redactor],
) -> ChangeSummary:
    word = {Created: "created", Kept: "kept", Deleted: "deleted"}[type(change)]
    fields = change.fields if isinstance(change, Kept) else ()
    noise = sum(field.noise for field in fields)
    effect, reason = effect_and_reason
    if stale and not reason:
        reason = f"pods do not restart, although {', '.join(map(str, stale))} changes"
    answers = (change.forecast.upgrade, change.forecast.rollback)
    upgrade, rollback = (answer.outcome if answer else None for answer in answers)
    return ChangeSummary(
        change.id,
        word,
        effect,
        len(fields) - noise,
        noise,
        upgrade,
        rollback,
        reason,
        Differences(change, redactor),
    )


def half_applied(steps: Sequence[SentStep]) -> Iterator[str]:
    """How far a refused upgrade gets, in a line or two."""
    done = [step for step in steps if step.outcome in (Fate.CREATED, Fate.CHANGED)]
    unsent = [step for step in steps if step.outcome == Fate.UNSENT]
    if done:
        yield f"would already be changed when the upgrade fails: {_names(done)}"
        if unsent:
            yield f"would not be sent any more: {_names(unsent)}"
    elif unsent:
        yield "nothing of the release would be changed when the upgrade fails"


def _names(steps: Iterable[SentStep]) -> str:
    return ", ".join(
        f"{step.resource} (created)" if step.outcome == Fate.CREATED else step.resource
        for step in steps
    )


def _resources(side: Manifest) -> tuple[Resource, ...]:
    """All of a side, hooks too: the annotation of a hook means nothing on CRDs of crds/, of files
    that are named, and on objects of the cluster."""
    return (*side.resources.values(), *side.hooks.values(), *side.skipped)
