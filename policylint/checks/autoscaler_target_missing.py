"""An autoscaler has nothing to scale.

What happens: the workload is no longer scaled: it stays at the replicas it has.

Why: the workload that scaleTargetRef names was renamed or removed in this upgrade.

What to do instead: change the target together with the workload.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.autoscalers import targets
from policylint.model import Category, Fix, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """The target was in the before side and is not in the after side."""
    for autoscaler, target in targets(upgrade.after):
        if target in upgrade.before.resources and target not in upgrade.after.resources:
            yield Violation(
                message=f"{autoscaler.id} scales {target}, which this upgrade removes",
                path="/spec/scaleTargetRef",
                after=target.name,
                resource=autoscaler.id,
                fixes=(Fix("name the workload that takes its place in scaleTargetRef"),),
            )
