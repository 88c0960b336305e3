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
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.reading import part
from policylint.model import Category, Deleted, Fix, Object, Severity, Violation
from policylint.scan.gitops.rollout import PRUNE_OFF, SYNC_OPTIONS, Rollout

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
                fixes=(
                    Fix(
                        "annotate the live object before the sync",
                        steps=(_annotate(change),),
                        cost="none: it stays until somebody deletes it, and shows as out of sync",
                    ),
                ),
            )


def _annotate(change: Deleted) -> str:
    """The command that adds the option to those that the object has."""
    options = _annotations(change).get(SYNC_OPTIONS)
    if options:
        value = quote(f"{options},{PRUNE_OFF}")
    else:
        value = PRUNE_OFF
    return f"kubectl annotate {named(change.id)} {SYNC_OPTIONS}={value} --overwrite"


def _keeps(change: Deleted) -> bool:
    return _annotations(change).get(KEEP) == "keep"


def _annotations(change: Deleted) -> Object:
    return part(change.before.metadata, "annotations")
