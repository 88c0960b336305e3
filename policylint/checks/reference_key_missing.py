"""A key that pods read goes from its Secret or ConfigMap.

What happens: the next pod that starts is not made: CreateContainerConfigError, "couldn't find key",
or the volume is not mounted. The pods that run go on until something restarts them.

Why: the chart renamed or dropped the key, and a secretKeyRef, a configMapKeyRef or the items of a
volume still name it.

What to do instead: keep the key beside the new one, or change the reference in the same upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.keys import keys, missing_keys
from policylint.kubernetes.api.workloads import workloads
from policylint.model import Category, Fix, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload of the after side reads a key that the before side had and the after side does
    not; each key once."""
    before, after = upgrade.before.resources, upgrade.after.resources
    for workload in workloads(upgrade.after):
        told: set[tuple[object, str]] = set()
        for reference in missing_keys(workload, before, after):
            if (reference.object, reference.key) in told:
                continue
            told.add((reference.object, reference.key))
            coming = sorted(keys(after[reference.object]) - keys(before[reference.object]))
            fixes = [Fix(f"keep the key {reference.key} in {reference.object}")]
            if coming:
                fixes.append(Fix(f"read {' or '.join(coming[:3])} instead, in the same upgrade"))
            yield Violation(
                message=f"new pods of {workload.id} do not start: "
                f"{reference.object} has no key {reference.key} any more",
                because="the key goes in this upgrade, and the pods still read it",
                path=reference.path,
                after=reference.key,
                resource=workload.id,
                fixes=tuple(fixes),
            )
