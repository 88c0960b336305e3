"""--wait does not wait for this Deployment.

What happens: helm --wait returns although no new pod is ready, so --atomic cannot roll a bad
version back.

Why: Helm waits for replicas minus maxUnavailable ready pods, and that is 0 here.

What to do instead: set maxUnavailable to 0 (and maxSurge to 1), or run more replicas.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.rollouts import min_ready
from policylint.kubernetes.api.workloads import at, mapping
from policylint.kubernetes.forecast.impact import template_change
from policylint.model import Category, Fix, Kept, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """Explicit bounds leave nothing to wait for, on a Deployment whose template changes."""
    if change.id.kind != "Deployment" or template_change(change, context.target.kubernetes) is None:
        return
    spec = mapping(change.after.body, "spec")
    unavailable = at(spec, "strategy", "rollingUpdate", "maxUnavailable")
    if unavailable is not None and spec.get("replicas", 1) != 0 and min_ready(spec) == 0:
        yield Violation(
            message="helm --wait and --atomic would not wait for a single ready pod of this "
            "Deployment",
            because=f"replicas {spec.get('replicas', 1)} less maxUnavailable {unavailable} is 0",
            path="/spec/strategy/rollingUpdate/maxUnavailable",
            after=unavailable,
            fixes=(Fix("set maxUnavailable: 0 and maxSurge: 1"),),
        )
