"""A volume starts to be deleted with its claim.

What happens: when the claim goes, the volume and its data go too.

Why: persistentVolumeReclaimPolicy of a PersistentVolume turns from Retain to Delete.

What to do instead: keep Retain for volumes whose data matters.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.model import Category, Fix, Kept, Severity, Violation


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """The reclaim policy of a kept PersistentVolume becomes Delete."""
    if change.id.kind != "PersistentVolume" or not change.fields:
        return
    old, new = (
        at(side.body, "spec", "persistentVolumeReclaimPolicy")
        for side in (change.before, change.after)
    )
    if old != "Delete" and new == "Delete":
        yield Violation(
            message="from now on this volume is deleted together with its claim",
            because="a reclaim policy of Delete removes the storage behind the volume",
            path="/spec/persistentVolumeReclaimPolicy",
            before=old,
            after=new,
            fixes=(Fix("keep persistentVolumeReclaimPolicy: Retain"),),
        )
