"""A rolling update may take every pod at once.

What happens: the rollout stops all pods before new ones are ready, so it is no better than
Recreate.

Why: maxUnavailable is as large as the number of replicas, and the pod template changes.

What to do instead: set maxUnavailable to 0 or 1 and maxSurge to 1 or more.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, part
from policylint.kubernetes.api.rollouts import max_unavailable
from policylint.kubernetes.forecast.impact import strategy, template_change
from policylint.model import Category, Fix, Kept, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """maxUnavailable >= replicas on a Deployment whose template changes."""
    if change.id.kind != "Deployment" or template_change(change, context.target.kubernetes) is None:
        return
    spec = part(change.after.body, "spec")
    replicas = spec.get("replicas", 1)
    if (
        not isinstance(replicas, int)
        or replicas == 0
        or strategy(spec, "Deployment") != "RollingUpdate"
    ):
        return
    unavailable = at(spec, "strategy", "rollingUpdate", "maxUnavailable")
    if unavailable is not None and max_unavailable(spec) >= replicas:
        yield Violation(
            message=f"this rollout may stop all {replicas} pods at once",
            because=f"maxUnavailable {unavailable} allows it",
            path="/spec/strategy/rollingUpdate/maxUnavailable",
            after=unavailable,
            fixes=(Fix("set maxUnavailable: 0 and maxSurge: 1"),),
        )
