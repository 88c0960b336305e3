"""An object names an owner that is not there.

What happens: the garbage collector looks the owner up by its uid, finds none, and deletes the
object, with what belongs to it: the data of a claim, the pods of a workload.

Why: a chart writes metadata.ownerReferences, and no template can know the uid of an object.

What to do instead: leave ownerReferences to controllers.

Source: kubernetes.io/docs/concepts/architecture/garbage-collection.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, parts
from policylint.model import (
    Category,
    Confidence,
    Created,
    Fix,
    Kept,
    Severity,
    Violation,
)


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """ownerReferences that this upgrade brings in or changes."""
    owners = parts(change.after.body, "metadata", "ownerReferences")
    before = change.before.body if isinstance(change, Kept) else {}
    if not owners or at(before, "metadata", "ownerReferences") == owners:
        return
    owner = owners[0]
    named = f"{owner.get('kind')} {owner.get('name')}"
    namespace = f" -n {change.id.namespace}" if change.id.namespace else ""
    how = f"kubectl get {str(owner.get('kind')).lower()} {owner.get('name')}{namespace}"
    yield Violation(
        message=f"the cluster deletes {change.id} if its owner {named} is not there",
        because=f"an offline run cannot see whether the uid {owner.get('uid')} exists",
        path="/metadata/ownerReferences",
        after=owners,
        fixes=(
            Fix("leave ownerReferences out of the chart"),
            Fix(
                "find out whether the owner is there",
                steps=(f"{how} -o jsonpath='{{.metadata.uid}}'",),
            ),
        ),
    )
