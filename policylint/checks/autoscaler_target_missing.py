"""An autoscaler has nothing to scale.

What happens: the workload is no longer scaled: it stays at the replicas it has.

Why: the workload that scaleTargetRef names was renamed or removed in this upgrade, or it names
another one now, which the release does not have.

What to do instead: change the target together with the workload.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.autoscalers import targets
from policylint.model import Category, Fix, Resource, ResourceId, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """The target, or what the same autoscaler scaled until now, was in the before side, and the
    target is not in the after side."""
    before = {autoscaler.id: target for autoscaler, target in targets(upgrade.before)}
    for autoscaler, target in targets(upgrade.after):
        old = before.get(autoscaler.id)
        if target in upgrade.after.resources:
            continue
        if target in upgrade.before.resources:
            message = f"{autoscaler.id} scales {target}, which this upgrade removes"
            yield _violation(message, autoscaler, target, "name the workload that takes its place")
        elif old is not None and old != target and old in upgrade.after.resources:
            message = f"{autoscaler.id} scales {target}, which the release does not have"
            yield _violation(message, autoscaler, target, f"name {old}, as before,")


def _violation(message: str, autoscaler: Resource, target: ResourceId, what: str) -> Violation:
    return Violation(
        message=message,
        path="/spec/scaleTargetRef",
        after=target.name,
        resource=autoscaler.id,
        fixes=(Fix(f"{what} in scaleTargetRef"),),
    )
