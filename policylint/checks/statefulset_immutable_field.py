"""A StatefulSet field that never changes is changed.

What happens: the API server refuses the update with 'updates to statefulset spec for fields other
than ... are forbidden'.

Why: only replicas, ordinals, template, updateStrategy, revisionHistoryLimit (from 1.33 or so on),
persistentVolumeClaimRetentionPolicy and minReadySeconds of a StatefulSet may change. The volume
size in volumeClaimTemplates, the service name and the pod management policy are not among them.

What to do instead: for a volume size, patch the claims first; then delete the StatefulSet with
--cascade=orphan, which keeps its pods and claims, and upgrade.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "statefulset-immutable-field", context)
