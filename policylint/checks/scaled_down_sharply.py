"""A workload loses more than half of its replicas.

What happens: the pods that are left take the whole load.

Why: replicas drops by more than half in one upgrade.

What to do instead: scale down in steps and watch the load, or leave replicas to an autoscaler.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.model import Category, Fix, Kept, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, params={"keep": 0.5})
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """replicas drops below the share `keep` of what it was, and not to 0."""
    if change.id.kind not in ("Deployment", "StatefulSet", "ReplicaSet") or not change.fields:
        return
    old, new = (at(side.body, "spec", "replicas") for side in (change.before, change.after))
    if (
        isinstance(old, int)
        and isinstance(new, int)
        and 0 < new < old * float(context.params["keep"])
    ):
        yield Violation(
            message=f"this upgrade takes {old - new} of {old} replicas away at once",
            path="/spec/replicas",
            before=old,
            after=new,
            fixes=(Fix("scale down in steps, or let an autoscaler own replicas"),),
        )
