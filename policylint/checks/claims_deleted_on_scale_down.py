"""Fewer replicas delete the claims of the pods that go.

What happens: the controller takes the pods of the highest ordinals away, then deletes their claims;
with the reclaim policy Delete their data is gone, and scaling up again starts with empty volumes.

Why: replicas drops, and persistentVolumeClaimRetentionPolicy says whenScaled: Delete.

What to do instead: set whenScaled: Retain in the same upgrade, or keep the replicas.

Source: StatefulSetAutoDeletePVC, kubernetes.io/docs/concepts/workloads/controllers/statefulset.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.kubernetes.api.volumes import claim_names, ordinals
from policylint.model import Category, Fix, Kept, Severity, Violation


@rule(category=Category.DATA_LOSS, severity=Severity.ERROR)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """Ordinals of the before side leave a StatefulSet whose after side says whenScaled: Delete."""
    if change.id.kind != "StatefulSet" or not change.fields:
        return
    when = at(change.after.body, "spec", "persistentVolumeClaimRetentionPolicy", "whenScaled")
    if when != "Delete" or not isinstance(at(change.before.body, "spec", "replicas"), int):
        return
    claims = _gone(change)
    if claims:
        names = ", ".join(claims[:3]) + (", ..." if len(claims) > 3 else "")
        yield Violation(
            message=f"this upgrade deletes claims with the pods that go, and their data: {names}",
            because="the retention policy of the claims is whenScaled: Delete",
            path="/spec/replicas",
            before=len(ordinals(change.before)),
            after=len(ordinals(change.after)),
            fixes=(
                Fix("set whenScaled: Retain in the same upgrade: the claims then stay"),
                Fix(f"keep replicas at {len(ordinals(change.before))}"),
            ),
        )


def _gone(change: Kept) -> list[str]:
    """The claims of the pods that the after side does not have."""
    staying = set(claim_names(change.before, ordinals(change.after)))
    return [name for name in claim_names(change.before) if name not in staying]
