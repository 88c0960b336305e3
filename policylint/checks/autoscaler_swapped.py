"""A second autoscaler is created before the first is deleted.

What happens: Helm creates before it deletes, so both scale one workload for a moment. The admission
webhook of KEDA refuses the second ("already managed by the hpa"), and the upgrade stops there;
without it, both write replicas.

Why: the upgrade exchanges a HorizontalPodAutoscaler for a ScaledObject, or renames one.

What to do instead: delete the old one in an upgrade of its own (or by hand) before the new one is
created; replicas stay meanwhile.

Source: keda.sh/docs/latest/concepts/admission-webhooks.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.autoscalers import targets
from policylint.kubernetes.api.commands import named
from policylint.model import (
    Category,
    Confidence,
    Created,
    Deleted,
    Fix,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """An autoscaler that is created scales what a deleted one scaled."""
    created = {change.id for change in upgrade.changes if isinstance(change, Created)}
    gone = {change.id for change in upgrade.changes if isinstance(change, Deleted)}
    old = {target: scaler.id for scaler, target in targets(upgrade.before) if scaler.id in gone}
    for scaler, target in targets(upgrade.after):
        if scaler.id in created and target in old:
            yield _both(scaler.id, old[target], target)


def _both(new: ResourceId, old: ResourceId, target: ResourceId) -> Violation:
    return Violation(
        message=f"{new} may be refused: {old} still scales {target} when it is created",
        because="Helm creates before it deletes",
        path="/spec/scaleTargetRef",
        resource=new,
        fixes=(
            Fix(
                "delete the old one first",
                steps=(
                    f"kubectl delete {named(old)}",
                    "helm upgrade ...",
                ),
                cost="the number of pods stays as it is until the new one takes over",
            ),
        ),
    )
