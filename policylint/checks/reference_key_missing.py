"""A key that pods read is not in its Secret or ConfigMap.

What happens: the next pod that starts is not made: CreateContainerConfigError, "couldn't find key",
or the volume is not mounted. The pods that run go on until something restarts them.

Why: the chart renamed or dropped the key, and a secretKeyRef, a configMapKeyRef or the items of a
volume still name it; or they name another key, which the object does not have.

What to do instead: keep the key beside the new one, or change the reference in the same upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.keys import KeyReference, keys, missing_keys
from policylint.kubernetes.api.workloads import workloads
from policylint.model import Category, Confidence, Fix, Resource, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload of the after side reads a key that its object has no more, or that the workload
    reads from now on and its object does not have; each key once."""
    before, after = upgrade.before.resources, upgrade.after.resources
    for workload in workloads(upgrade.after):
        told: set[tuple[object, str]] = set()
        for reference in missing_keys(workload, before, after):
            if (reference.object, reference.key) in told:
                continue
            told.add((reference.object, reference.key))
            yield _violation(upgrade, workload, reference)


def _violation(upgrade: Upgrade, workload: Resource, reference: KeyReference) -> Violation:
    old = upgrade.before.resources.get(reference.object)
    had, has = keys(old) if old else set(), keys(upgrade.after.resources[reference.object])
    gone = reference.key in had
    instead = sorted(has - had) if gone else sorted(has)
    verb, since = ("keep", " any more") if gone else ("add", "")
    because = "the pods read it from this upgrade on"
    if gone:
        because = "the key goes in this upgrade, and the pods still read it"
    fixes = [Fix(f"{verb} the key {reference.key} in {reference.object}")]
    if instead:
        fixes.append(Fix(f"read {' or '.join(instead[:3])} instead, in the same upgrade"))
    return Violation(
        message=f"new pods of {workload.id} do not start: "
        f"{reference.object} has no key {reference.key}{since}",
        because=because,
        path=reference.path,
        after=reference.key,
        resource=workload.id,
        confidence=None if gone else Confidence.LIKELY,
        fixes=tuple(fixes),
    )
