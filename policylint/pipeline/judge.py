"""Judge one release: read, diff, forecast, evaluate, in one straight line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.engine.evaluate import evaluate, order, verdict
from policylint.engine.judging import Judging, _weighed
from policylint.engine.rule import Context
from policylint.errors import RuleFailure
from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.impact import impact, stale_readers
from policylint.kubernetes.manifests.definitions import of_sides
from policylint.kubernetes.manifests.diff import changes
from policylint.kubernetes.manifests.drift import drift
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import (
    Change,
    Created,
    Deleted,
    Json,
    Kept,
    Manifest,
    Outcome,
    Resource,
    ResourceId,
    Target,
    Upgrade,
)
from policylint.redaction.redactor import Redactor
from policylint.report.model import ChangeSummary, ReleaseReport


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
    live: tuple[Text, ...] = ()
    """What `--live` names: objects as `kubectl get -o yaml` prints them."""
    immutable_paths: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    subjects: tuple[object, ...] = ()
    """More subjects of rules: invocations, the history, the values change, the charts."""
    invocations: tuple[object, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    evidence: Mapping[str, Json] = field(default_factory=dict)


def prepare(kubernetes: str) -> None:
    """Load what judging a release will need, while helm still renders."""
    import policylint.helm.values.blame
    import policylint.kubernetes.validity.tables  # noqa: F401  all of them are used when their turn comes

    schemas(kubernetes)


def judge(case: Case, judging: Judging) -> ReleaseReport:
    """The report of one release. Raises `ReadError` for text that is no manifest."""
    upgrade, cluster = _forecast(case)
    redactor = Redactor.of([*_resources(upgrade.before), *_resources(upgrade.after)])
    context = Context(
        case.target,
        upgrade,
        settings=judging.settings,
        level=judging.level,
        invocations=case.invocations,
    )
    subjects: Sequence[object] = (upgrade, *upgrade.changes, *case.subjects)
    active = tuple(
        rule for rule in judging.rules if judging.severities.get(rule.id, rule.severity) is not None
    )
    findings, failures = evaluate(active, subjects, context, redactor)
    findings = tuple(sorted((_weighed(finding, judging) for finding in findings), key=order))
    failures = (
        *judging.failures,
        *case.failures,
        *failures,
        *(_open_answers(upgrade) if judging.strict else ()),
    )
    return ReleaseReport(
        name=case.release,
        namespace=case.namespace,
        target=case.target,
        verdict=verdict(findings, failures, judging.fail_on),
        changes=tuple(summaries(upgrade)),
        findings=findings,
        failures=failures,
        evidence={
            **case.evidence,
            "resources": len(upgrade.changes),
            "rules": len(active),
            "half-applied": half_applied(upgrade),
            "drift": drift(upgrade, cluster.live, schemas(case.target.kubernetes), redactor)
            if case.live
            else [],
        },
    )


def forecasted(case: Case) -> Upgrade:
    """The case read, diffed and forecast, both ways."""
    return _forecast(case)[0]


def _forecast(case: Case) -> tuple[Upgrade, Cluster]:
    from policylint.kubernetes.forecast import forecast

    upgrade, reader = read(case)
    cluster = _cluster(case, upgrade, reader)
    return forecast(upgrade, cluster), cluster


def read(case: Case) -> tuple[Upgrade, Reader]:
    """The case read and diffed, and the reader that knows its kinds."""
    published = schemas(case.target.kubernetes)
    plain = Reader(case.namespace, published)
    before_crds, after_crds = map(_resources, plain.read_pair(case.before_crds, case.after_crds))
    reader = plain.knowing((*before_crds, *after_crds, *_resources(plain.read(case.named_crds))))
    before, after = reader.read_pair(case.before, case.after)
    before, after = replace(before, crds=before_crds), replace(after, crds=after_crds)
    found = changes(before, after, published)
    return Upgrade(case.release, case.namespace, case.target, before, after, found), reader


def _cluster(case: Case, upgrade: Upgrade, reader: Reader) -> Cluster:
    live, named = reader.read(case.live), reader.read(case.named_crds)
    found = of_sides(upgrade.before, live, upgrade.after, replace(named, crds=_resources(named)))
    return Cluster(
        live={identity: resource.body for identity, resource in live.resources.items()},
        crds=found,
        storage_classes={
            i.name: r.body for i, r in live.resources.items() if i.kind == "StorageClass"
        },
        immutable_paths=case.immutable_paths,
    )


def summaries(upgrade: Upgrade) -> list[ChangeSummary]:
    """One row per resource, hooks last."""
    minor = upgrade.target.kubernetes
    stale = stale_readers(upgrade.changes, minor)
    rows = [_row(change, minor, stale.get(change.id, ())) for change in upgrade.changes]
    hooks = [
        identity for identity in upgrade.after.hooks if identity not in upgrade.after.resources
    ]
    return rows + [
        ChangeSummary(identity, "hook", impact(Created(upgrade.after.hooks[identity]))[0])
        for identity in hooks
    ]


def _row(change: Change, minor: str, stale: Sequence[ResourceId]) -> ChangeSummary:
    word = {Created: "created", Kept: "kept", Deleted: "deleted"}[type(change)]
    fields = change.fields if isinstance(change, Kept) else ()
    noise = sum(field.noise for field in fields)
    effect, reason = impact(change, minor)
    if stale and not reason:
        reason = f"pods do not restart, although {', '.join(map(str, stale))} changes"
    forecast = change.forecast
    return ChangeSummary(
        change.id,
        word,
        effect,
        len(fields) - noise,
        noise,
        forecast.upgrade.outcome if forecast.upgrade else None,
        forecast.rollback.outcome if forecast.rollback else None,
        reason,
    )


def half_applied(upgrade: Upgrade) -> list[str]:
    """Which objects a refused upgrade leaves changed: Helm sends every update, and then stops."""
    refused = [change for change in upgrade.changes if _refused(change)]
    if not refused:
        return []
    done = [str(change.id) for change in upgrade.changes if not _refused(change) and _sent(change)]
    return [f"would already be changed when the upgrade fails: {', '.join(done)}"] if done else []


def _refused(change: Change) -> bool:
    answer = change.forecast.upgrade
    return answer is not None and answer.outcome is Outcome.REJECTED


def _sent(change: Change) -> bool:
    return isinstance(change, Created) or (isinstance(change, Kept) and bool(change.fields))


def _open_answers(upgrade: Upgrade) -> list[RuleFailure]:
    return [
        RuleFailure("strict", f"the answer depends on {unknown.what}", unknown.how, change.id)
        for change in upgrade.changes
        for answer in (change.forecast.upgrade, change.forecast.rollback)
        if answer
        for unknown in answer.unknowns
    ]


def _resources(side: Manifest) -> tuple[Resource, ...]:
    """All of a side, hooks too: the annotation of a hook means nothing on CRDs of crds/ and of
    files that are named."""
    return (*side.resources.values(), *side.hooks.values())
