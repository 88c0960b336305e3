"""replicas is no longer rendered.

What happens: Helm removes the field, and the API server fills in its default: the workload drops to
1 replica, whatever it runs with now, until an autoscaler scales it up again.

Why: the chart stopped rendering replicas, often because an autoscaler was switched on.

What to do instead: set replicas once to the current number with the live object annotated, or
upgrade while traffic is low; with server-side apply take the field over first: kubectl apply
--server-side --field- manager=hpa.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.model import Category, Fix, Kept, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """More than one replica before, no field after."""
    if change.id.kind not in ("Deployment", "StatefulSet", "ReplicaSet") or not change.fields:
        return
    old, new = (at(side.body, "spec", "replicas") for side in (change.before, change.after))
    if isinstance(old, int) and old > 1 and new is None:
        scale = (
            f"kubectl scale {change.id.kind.lower()} {change.id.name} -n "
            f"{change.id.namespace} --replicas {old}"
        )
        yield Violation(
            message=f"this upgrade drops the workload from {old} replicas to 1",
            because="a field that the release no longer has goes back to the API server's "
            "default, which is 1",
            path="/spec/replicas",
            before=old,
            after=None,
            fixes=(
                Fix("render replicas in this upgrade too, with the number that runs"),
                Fix(
                    "scale it up again at once, or move the field to the autoscaler before the "
                    "upgrade",
                    steps=(scale,),
                ),
            ),
        )
