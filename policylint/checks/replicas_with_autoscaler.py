"""replicas is rendered although an autoscaler owns it.

What happens: each upgrade sets replicas back to the rendered number until the autoscaler corrects
it; under server-side apply the upgrade can stop with a conflict on .spec.replicas.

Why: the chart renders replicas for a workload that a HorizontalPodAutoscaler or ScaledObject of the
release targets.

What to do instead: leave replicas out of the template when autoscaling is on.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.autoscalers import targets
from policylint.kubernetes.api.workloads import at
from policylint.model import (
    Apply,
    Category,
    Confidence,
    Created,
    Fix,
    Kept,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload that this upgrade touches renders replicas and is an autoscaler's target."""
    touched = {
        change.id
        for change in upgrade.changes
        if isinstance(change, Created) or (isinstance(change, Kept) and change.fields)
    }
    for autoscaler, target in targets(upgrade.after):
        workload = upgrade.after.resources.get(target)
        if (
            workload is None
            or at(workload.body, "spec", "replicas") is None
            or not touched & {target, autoscaler.id}
        ):
            continue
        server_side = context.target.apply is Apply.SERVER_SIDE
        yield Violation(
            message=f"{target} renders replicas, which {autoscaler.id} owns",
            because="server-side apply can stop with a conflict on .spec.replicas"
            if server_side
            else "Helm sets replicas back whenever the rendered number changes",
            path="/spec/replicas",
            after=at(workload.body, "spec", "replicas"),
            resource=target,
            fixes=(Fix("render replicas only where autoscaling is off"),),
        )
