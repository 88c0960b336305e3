"""A StatefulSet starts to delete its claims.

What happens: claims are deleted with the StatefulSet (whenDeleted) or when it scales down
(whenScaled), and with them the data.

Why: persistentVolumeClaimRetentionPolicy turns from Retain, the default, to Delete.

What to do instead: keep Retain, and delete claims by hand when their data is not needed any more.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part
from policylint.model import Category, Fix, Kept, Severity, Violation


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """whenDeleted or whenScaled becomes Delete."""
    if change.id.kind != "StatefulSet" or not change.fields:
        return
    sides = [
        part(side.body, "spec", "persistentVolumeClaimRetentionPolicy")
        for side in (change.before, change.after)
    ]
    for when in ("whenDeleted", "whenScaled"):
        old, new = (side.get(when, "Retain") for side in sides)
        if old != "Delete" and new == "Delete":
            yield Violation(
                message=f"from now on the claims of this StatefulSet are deleted ({when})",
                because="the retention policy turns from Retain to Delete",
                path=f"/spec/persistentVolumeClaimRetentionPolicy/{when}",
                before=old,
                after=new,
                fixes=(Fix(f"keep {when}: Retain"),),
            )
