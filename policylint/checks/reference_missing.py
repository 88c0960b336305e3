"""Something that pods still need is deleted.

What happens: new pods do not start: they wait for the ConfigMap, Secret, claim or ServiceAccount
that is gone.

Why: the chart stopped rendering the object, or renamed it, but a workload still refers to the old
name.

What to do instead: keep the object, or change the reference in the same upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import Reference, references, referred, workloads
from policylint.kubernetes.forecast.impact import is_kept
from policylint.model import (
    Category,
    Deleted,
    Fix,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload of the after side refers to an object that this upgrade deletes."""
    gone = {
        change.id
        for change in upgrade.changes
        if isinstance(change, Deleted) and not is_kept(change.before)
    }
    for workload in workloads(upgrade.after) if gone else ():
        for reference in references(workload):
            pulls = "/imagePullSecrets/" in reference.path
            missing = referred(workload, reference)
            if missing in gone and (pulls or not reference.optional):
                yield _violation(workload, reference, missing, pulls=pulls)


def _violation(
    workload: Resource, reference: Reference, missing: ResourceId, *, pulls: bool
) -> Violation:
    because = "its pods do not start without it"
    if pulls:
        because = "a node that has not got the image yet can pull it only with the Secret"
    return Violation(
        message=f"{workload.id} still needs {missing}, which this upgrade deletes",
        because=because,
        path=reference.path,
        after=reference.name,
        resource=workload.id,
        severity=Severity.WARNING if pulls else None,
        fixes=(Fix(f"keep {missing}, or change the reference too"),),
    )
