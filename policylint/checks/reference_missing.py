"""Something that pods still need is deleted.

What happens: new pods do not start: they wait for the ConfigMap, Secret, claim or ServiceAccount
that is gone.

Why: the chart stopped rendering the object, or renamed it, but a workload still refers to the old
name.

What to do instead: keep the object, or change the reference in the same upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import references, referred, workloads
from policylint.kubernetes.forecast.impact import is_kept
from policylint.model import Category, Deleted, Fix, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload of the after side refers to an object that this upgrade deletes."""
    gone = {
        change.id
        for change in upgrade.changes
        if isinstance(change, Deleted) and not is_kept(change.before)
    }
    if not gone:
        return
    for workload in workloads(upgrade.after):
        for reference in references(workload):
            missing = referred(workload, reference)
            if missing in gone and not reference.optional:
                yield Violation(
                    message=f"{workload.id} still needs {missing}, which this upgrade deletes",
                    because="its pods do not start without it",
                    path=reference.path,
                    after=reference.name,
                    resource=workload.id,
                    fixes=(Fix(f"keep {missing}, or change the reference too"),),
                )
