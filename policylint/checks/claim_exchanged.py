"""A workload mounts another claim where its data was.

What happens: the program starts on the other claim, which is empty where it is new; its data stays
in the old claim, which the workload mounts no more.

Why: the claimName of a volume changed (existingClaim, another naming scheme).

What to do instead: keep the claim's name, or copy the data to the new claim while the workload is
stopped.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.volumes import changed_mounts, claimed
from policylint.kubernetes.forecast.impact import deleted
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Kept,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """At the same path another claim than before; silent where the old claim is deleted, which is
    told by itself."""
    gone = {change.id for change in deleted(upgrade, CLAIM)}
    for change in upgrade.changes:
        if isinstance(change, Kept) and change.fields:
            yield from _exchanged(change, gone)


def _exchanged(change: Kept, gone: set[ResourceId]) -> Iterator[Violation]:
    old_claims, new_claims = claimed(change.before), claimed(change.after)
    for mount, successor in changed_mounts(change.before, change.after):
        if successor is None or successor.mount_path != mount.mount_path:
            continue
        old, new = old_claims[mount.volume], new_claims[successor.volume]
        if old == new or ResourceId("", CLAIM, change.id.namespace, old) in gone:
            continue
        yield Violation(
            message=f"{change.id} starts on the claim {new} where its data was in {old}",
            because=f"{mount.mount_path} is mounted from another claim; "
            f"{old} keeps what was written until now",
            path=successor.path,
            before=old,
            after=new,
            resource=change.id,
            fixes=(
                Fix(f"keep the claim {old} (existingClaim)"),
                Fix(
                    f"copy the data from {old} to {new} first",
                    cost="the workload is stopped meanwhile",
                ),
            ),
        )


CLAIM = "PersistentVolumeClaim"
