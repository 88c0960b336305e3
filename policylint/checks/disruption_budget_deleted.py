"""Nothing limits how many pods a drain takes any more.

What happens: the drain of a node, or of several one after the other, may take all pods of the
workload at the same time.

Why: the PodDisruptionBudget of a workload that stays is deleted in this upgrade, and no other one
of the release covers its pods.

What to do instead: keep it, or bring its successor in with the same upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import NOTHING, part
from policylint.kubernetes.api.traffic import replicas
from policylint.kubernetes.api.workloads import pod_labels, selects, workloads
from policylint.kubernetes.forecast.impact import deleted
from policylint.model import (
    Category,
    Fix,
    Manifest,
    Resource,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A budget goes, and a workload of more than one pod that it covered is covered by none; of a
    workload with one pod a drain takes it anyway, once it may."""
    for change in deleted(upgrade, "PodDisruptionBudget"):
        bare = [
            str(workload.id)
            for workload in workloads(upgrade.after)
            if _covers(change.before, workload)
            and workload.id in upgrade.before.resources
            and replicas(workload) > 1
            and not _is_covered(workload, upgrade.after)
        ]
        if bare:
            yield Violation(
                message=f"a drain may take all pods of {', '.join(bare[:3])} at once after this "
                "upgrade",
                because=f"{change.id} is deleted, and no other budget of the release covers them",
                resource=change.id,
                fixes=(Fix(f"keep {change.id}, or bring its successor in with this upgrade"),),
            )


def _covers(budget: Resource, workload: Resource) -> bool:
    if budget.id.namespace != workload.id.namespace:
        return False
    return selects(part(budget.body, "spec", "selector"), pod_labels(workload) or NOTHING)


def _is_covered(workload: Resource, side: Manifest) -> bool:
    return any(
        identity.kind == "PodDisruptionBudget" and _covers(budget, workload)
        for identity, budget in side.resources.items()
    )
