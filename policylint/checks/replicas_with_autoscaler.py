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
from policylint.kubernetes.api.reading import at
from policylint.kubernetes.forecast.managers import TOPIC as CONFLICT
from policylint.model import (
    Apply,
    Category,
    Confidence,
    Created,
    Fix,
    Kept,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload that this upgrade touches renders replicas and is an autoscaler's target."""
    touched = set(_touched(upgrade)).difference(_open_conflicts(upgrade))
    for autoscaler, target in targets(upgrade.after):
        workload = upgrade.after.resources.get(target)
        if (
            workload is None
            or at(workload.body, "spec", "replicas") is None
            or target not in touched
        ):
            continue
        server_side = context.target.apply is Apply.SERVER_SIDE
        yield Violation(
            message=f"{target} renders replicas, which {autoscaler.id} owns",
            because="server-side apply can stop with a conflict on .spec.replicas"
            if server_side
            else "Helm compares with the live object, and sets replicas back at every upgrade",
            path="/spec/replicas",
            after=at(workload.body, "spec", "replicas"),
            resource=target,
            fixes=(Fix("render replicas only where autoscaling is off"),),
        )


def _touched(upgrade: Upgrade) -> Iterator[ResourceId]:
    """What the upgrade creates or changes, and the targets of autoscalers among it."""
    changed = {
        change.id
        for change in upgrade.changes
        if isinstance(change, Created) or (isinstance(change, Kept) and change.fields)
    }
    yield from changed
    yield from (target for scaler, target in targets(upgrade.after) if scaler.id in changed)


def _open_conflicts(upgrade: Upgrade) -> Iterator[ResourceId]:
    """The workloads of which field-manager-conflict tells the same and more."""
    for change in upgrade.changes:
        answered = change.forecast.upgrade
        if answered and any(unknown.topic == CONFLICT for unknown in answered.unknowns):
            yield change.id
