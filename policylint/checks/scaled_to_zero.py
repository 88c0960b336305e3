"""A workload is scaled down to nothing.

What happens: every pod stops, and nothing answers any more.

Why: replicas becomes 0 in this upgrade.

What to do instead: keep at least one replica; to stop a workload on purpose, waive this finding:
`replicas: 0  # policylint: ignore[scaled-to-zero] OWNER: REASON` in the values file.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.model import Category, Fix, Kept, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """replicas goes from some to 0."""
    if change.id.kind not in ("Deployment", "StatefulSet", "ReplicaSet") or not change.fields:
        return
    old, new = (at(side.body, "spec", "replicas") for side in (change.before, change.after))
    if new == 0 and old != 0:
        yield Violation(
            message="this upgrade stops every pod: replicas becomes 0",
            path="/spec/replicas",
            before=old,
            after=new,
            fixes=(Fix("keep replicas at 1 or more"),),
        )
