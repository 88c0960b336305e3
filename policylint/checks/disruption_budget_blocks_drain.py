"""A PodDisruptionBudget lets no pod go.

What happens: no node that runs these pods can be drained: cluster upgrades and autoscalers get
stuck.

Why: minAvailable is as large as the number of replicas, or maxUnavailable is 0.

What to do instead: use maxUnavailable: 1, or run at least one replica more than minAvailable.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import NOTHING, part
from policylint.kubernetes.api.rollouts import scaled
from policylint.kubernetes.api.workloads import pod_labels, selects, workloads
from policylint.model import (
    Category,
    Created,
    Fix,
    Kept,
    Manifest,
    Object,
    Resource,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A budget that this upgrade brings in or changes allows no disruption of pods of the same
    release."""
    for change in upgrade.of("PodDisruptionBudget"):
        if not isinstance(change, (Created, Kept)) or (
            isinstance(change, Kept) and not _touched(upgrade, change)
        ):
            continue
        spec = part(change.after.body, "spec")
        replicas = _replicas(upgrade.after, change.after)
        if _blocks(change.after, upgrade.after) and not _blocked(upgrade, change):
            yield Violation(
                message=f"{change.id} lets no pod go: nodes with these pods cannot be drained",
                because=f"{_words(spec)} of {replicas} replica{'s' if replicas > 1 else ''} "
                "leaves nothing to evict",
                path="/spec",
                after=dict(spec),
                resource=change.id,
                fixes=(Fix("set maxUnavailable: 1 instead of minAvailable"),),
            )


def _blocks(budget: Resource, side: Manifest) -> bool:
    """Whether a budget leaves nothing to evict of the pods of its side."""
    replicas = _replicas(side, budget)
    return bool(replicas) and _allowed(part(budget.body, "spec"), replicas) <= 0


def _blocked(upgrade: Upgrade, change: Created | Kept) -> bool:
    return isinstance(change, Kept) and _blocks(change.before, upgrade.before)


def _touched(upgrade: Upgrade, budget: Kept) -> bool:
    if budget.fields:
        return True
    selector = part(budget.after.body, "spec", "selector")
    scaled_here = (kept for kept in upgrade.changes if isinstance(kept, Kept) and _rescaled(kept))
    return any(selects(selector, pod_labels(kept.after) or NOTHING) for kept in scaled_here)


def _rescaled(workload: Kept) -> bool:
    return any(field.path == "/spec/replicas" for field in workload.fields)


def _replicas(side: Manifest, budget: Resource) -> int:
    """The replicas of the workloads of a side that a budget covers; 0 where it covers none."""
    selector = part(budget.body, "spec", "selector")
    covered = [
        workload
        for workload in workloads(side)
        if workload.id.namespace == budget.id.namespace
        and workload.id.kind in ("Deployment", "StatefulSet", "ReplicaSet")
        and selector
        and selects(selector, pod_labels(workload) or NOTHING)
    ]
    counts = [part(workload.body, "spec").get("replicas", 1) for workload in covered]
    return sum(count for count in counts if isinstance(count, int))


def _allowed(spec: Object, replicas: int) -> int:
    if "maxUnavailable" in spec:
        return scaled(spec["maxUnavailable"], replicas, up=True)
    return replicas - scaled(spec.get("minAvailable", 1), replicas, up=True)


def _words(spec: Object) -> str:
    if "maxUnavailable" in spec:
        key = "maxUnavailable"
    else:
        key = "minAvailable"
    return f"{key} {spec.get(key, 1)}"
