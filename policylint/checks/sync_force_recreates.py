"""Force=true has Argo CD delete an object and make it anew.

What happens: a claim is deleted with the data of its volume, a Namespace with all that is in it, a
definition with all objects of its kind. Workloads are down until their new pods are ready, and a
Service gets another address.

Why: argocd.argoproj.io/sync-options: Force=true deletes what refuses a change, and with
Replace=true whatever changes.

What to do instead: keep the field as it is, or take the option away, so that the sync is refused.

Source: the page on sync options of Argo CD's documentation ("Force Sync").
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Kept, Severity, Violation

GONE = {
    "PersistentVolumeClaim": "its volume goes with it, unless the storage class retains volumes",
    "Namespace": "all that is in the namespace goes with it",
    "CustomResourceDefinition": "all objects of its kind go with it",
}
DOWN = {
    "Deployment": "its pods are gone until new ones are ready",
    "DaemonSet": "its pods are gone until new ones are ready",
    "StatefulSet": "its pods are gone until new ones are ready; their claims stay",
    "Service": "it gets another cluster IP, and a load balancer anew",
}


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING)
def check(change: Kept, _: Context) -> Iterator[Violation]:
    """Objects that are deleted and made anew, those apart that are made to be, such as Jobs."""
    kind = change.id.kind
    why = GONE.get(kind) or DOWN.get(kind)
    if not change.forecast.recreated or not why:
        return
    yield Violation(
        "Argo CD deletes it and makes it anew",
        because=f"{change.forecast.recreated} in its sync-options: {why}",
        severity=Severity.ERROR if kind in GONE else None,
        fixes=(
            Fix(
                "keep the object as it is",
                steps=(f"set the changed fields of {change.id} back",),
                cost="none",
            ),
            Fix(
                "take the option away",
                steps=(
                    "in the template: argocd.argoproj.io/sync-options without Force=true,"
                    " in a change before this one",
                ),
                cost="a change that the cluster refuses fails the sync",
            ),
        ),
    )
