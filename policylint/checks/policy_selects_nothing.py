"""A policy loses the pods that it covered.

What happens: a PodDisruptionBudget protects nothing any more, so a drain may take every pod at
once; a NetworkPolicy isolates nothing any more, so the pods are open to everybody.

Why: its selector, or the labels of the pods, changed so that they no longer meet.

What to do instead: let the selector and the pod labels come from the same template.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import NOTHING, part
from policylint.kubernetes.api.workloads import pod_labels, selects, workloads
from policylint.model import Category, Fix, Kept, Manifest, Resource, Severity, Upgrade, Violation

RUNNING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
SELECTORS = {
    ("policy", "PodDisruptionBudget"): "selector",
    ("networking.k8s.io", "NetworkPolicy"): "podSelector",
}


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A kept policy covered workloads of this release before, and covers none after; an empty
    selector takes all."""
    for change in upgrade.of("PodDisruptionBudget", "NetworkPolicy"):
        field = SELECTORS.get((change.id.group, change.id.kind))
        if not isinstance(change, Kept) or field is None:
            continue
        old = _covered(change.before, field, upgrade.before)
        if old and not _covered(change.after, field, upgrade.after):
            yield Violation(
                message=f"{change.id} covers no pods after this upgrade",
                because=f"its selector took the pods of {', '.join(old)}, and takes none now",
                path=f"/spec/{field}",
                before=part(change.before.body, "spec", field),
                after=part(change.after.body, "spec", field),
                resource=change.id,
                fixes=(Fix("make the selector meet the labels of the pod template"),),
            )


def _covered(policy: Resource, field: str, side: Manifest) -> list[str]:
    selector = part(policy.body, "spec", field)
    return [
        str(workload.id)
        for workload in workloads(side)
        if workload.id.kind in RUNNING
        and workload.id.namespace == policy.id.namespace
        and selects(selector, pod_labels(workload) or NOTHING)
    ]
