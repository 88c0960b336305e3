"""Argo CD prunes what helm.sh/resource-policy: keep should keep.

What happens: the object is deleted at the sync in which it is no longer rendered, with the data
that hangs on it.

Why: Helm leaves such an object alone. Argo CD minds the annotation when the Application itself is
deleted, not when it prunes.

What to do instead: annotate the object with argocd.argoproj.io/sync-options: Prune=false, in a
change before the one that drops it.

Source: pruneObject of argoproj/gitops-engine (pkg/sync/sync_context.go), which asks for Prune=false
alone; shouldBeDeleted of Argo CD (controller/appcontroller.go), which asks for both.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Deleted, Fix, Severity, Violation
from policylint.scan.gitops.rollout import Rollout

KEEP = "helm.sh/resource-policy"
DATA = frozenset({"PersistentVolumeClaim", "StatefulSet", "CustomResourceDefinition", "Namespace"})


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING)
def check(rollout: Rollout, context: Context) -> Iterator[Violation]:
    """Objects that are dropped, kept by Helm's annotation and pruned by Argo CD."""
    if context.upgrade is None or not rollout.is_synced:
        return
    for change in context.upgrade.changes:
        if isinstance(change, Deleted) and _keeps(change):
            is_data = change.id.kind in DATA
            yield Violation(
                f"Argo CD deletes it, although {KEEP} says keep",
                because="pruning asks for Prune=false alone",
                resource=change.id,
                severity=Severity.ERROR if is_data else None,
                fixes=(Fix("annotate it first: argocd.argoproj.io/sync-options: Prune=false"),),
            )


def _keeps(change: Deleted) -> bool:
    metadata = change.before.body.get("metadata")
    if isinstance(metadata, dict):
        annotations = metadata.get("annotations")
    else:
        annotations = None
    return isinstance(annotations, dict) and annotations.get(KEEP) == "keep"
