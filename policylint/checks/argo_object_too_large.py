"""Argo CD cannot apply an object: it is too large for its own annotation.

What happens: the sync fails with `metadata.annotations: Too long: must have at most 262144 bytes`
(newer API servers: may not be more than 262144 bytes); large CustomResourceDefinitions and
ConfigMaps with dashboards are the usual ones.

Why: Argo CD's client-side apply keeps the whole object as JSON in the annotation
kubectl.kubernetes.io/last-applied-configuration, as kubectl does, and all annotations of an object
may hold 256 KiB together.

What to do instead: sync it with ServerSideApply=true, which needs no such annotation.

Source: TotalAnnotationSizeLimitB of k8s.io/apimachinery (pkg/api/validation/objectmeta.go); the
sync options of Argo CD's documentation.
"""

import json
from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Change, Created, Deleted, Fix, Kept, Severity, Violation
from policylint.scan.gitops.rollout import Rollout

LIMIT = 262_144


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(rollout: Rollout, context: Context) -> Iterator[Violation]:
    """Objects that the upgrade sends, as the annotation would hold them."""
    if context.upgrade is None or not rollout.is_client_side:
        return
    for change in context.upgrade.changes:
        size = _size(change)
        if size > LIMIT:
            yield Violation(
                f"Argo CD cannot apply it: its annotation would take {size} bytes",
                because=f"all annotations of an object may take {LIMIT} bytes",
                resource=change.id,
                path="/metadata/annotations",
                fixes=(Fix("sync it with ServerSideApply=true (syncPolicy.syncOptions)"),),
            )


def _size(change: Change) -> int:
    """The bytes of the object as compact JSON; 0 for one that is not sent."""
    is_sent = isinstance(change, Created) or (isinstance(change, Kept) and bool(change.fields))
    if isinstance(change, Deleted) or not is_sent:
        return 0
    body = change.after.body
    return len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
