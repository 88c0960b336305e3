"""An autoscaler is deleted, and its workload stays as it is.

What happens: the number of pods follows the load no longer; it stays where the autoscaler left it,
or drops to the replicas that the chart renders now.

Why: autoscaling was switched off in the values.

What to do instead: render replicas of the size that runs now, then switch autoscaling off.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.autoscalers import targets
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.reading import at
from policylint.kubernetes.forecast.impact import deleted
from policylint.model import (
    Category,
    Fix,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """An autoscaler goes and no other scales its target, which stays."""
    scaled = {target for _, target in targets(upgrade.after)}
    before = {scaler.id: target for scaler, target in targets(upgrade.before)}
    for change in deleted(upgrade):
        target = before.get(change.id)
        if target is None:
            continue
        workload = upgrade.after.resources.get(target)
        if workload is not None and target not in scaled:
            count = at(workload.body, "spec", "replicas")
            if count is None:
                stays = "stay as they are"
            else:
                stays = f"go to {count}"
            yield Violation(
                message=f"the pods of {target} follow the load no longer: they {stays}",
                because=f"{change.id} is deleted, and nothing else scales them",
                resource=change.id,
                fixes=(
                    Fix(f"keep {change.id}, or bring its successor in with this upgrade"),
                    Fix(
                        "render replicas of the size that runs now",
                        steps=(f"kubectl get {named(target)} -o jsonpath='{{.spec.replicas}}'",),
                    ),
                ),
            )
