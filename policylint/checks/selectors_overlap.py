"""Two workloads select each other's pods.

What happens: the controllers count, adopt or delete pods that are not theirs: pods vanish, or a
rollout never ends; a PodDisruptionBudget or autoscaler counts both.

Why: the selector of one workload takes the pod labels of another in the same namespace, as when a
canary copies the labels of the stable version and adds none of its own to the stable one's
selector.

What to do instead: give the new workload another value of a label that the old one's selector
names (the old one's selector cannot change any more); the Service selects by what they share.
"""

from collections.abc import Iterator, Mapping

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import NOTHING, part
from policylint.kubernetes.api.workloads import pod_labels, selects, workloads
from policylint.model import (
    Category,
    Change,
    Created,
    Fix,
    Kept,
    Manifest,
    Object,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload takes the pods of another and did not before; two that come together may have been
    renamed."""
    if not upgrade.before.resources or not any(_changes(change) for change in upgrade.of(*KINDS)):
        return
    created = {change.id for change in upgrade.of(*KINDS) if isinstance(change, Created)}
    before = {(taker.id, owner.id) for taker, owner in _pairs(upgrade.before)}
    for taker, owner in _pairs(upgrade.after):
        pair = (taker.id, owner.id)
        if pair not in before and not created.issuperset(pair):
            yield Violation(
                message=f"{taker.id} takes the pods of {owner.id} for its own",
                because="its selector takes their labels too",
                path="/spec/selector",
                after=part(taker.body, "spec", "selector"),
                resource=taker.id,
                fixes=(_fix(taker, owner, created),),
            )


def _fix(taker: Resource, owner: Resource, created: set[ResourceId]) -> Fix:
    """The selector of what runs already cannot change: the new one gives way."""
    new = taker if taker.id in created else owner
    keys = sorted(part(taker.body, "spec", "selector", "matchLabels")) or ["a label"]
    if new.id not in created:
        return Fix(f"leave the selector and the labels of {new.id} as they were")
    return Fix(
        f"give {new.id} another value of {keys[0]}, in its selector and on its pods",
        cost=f"a Service that selects {keys[0]} needs a label that both have",
    )


def _changes(change: Change) -> bool:
    return isinstance(change, Created) or (isinstance(change, Kept) and bool(change.fields))


def _pairs(side: Manifest) -> Iterator[tuple[Resource, Resource]]:
    """(workload, another of its kind and namespace whose pods its selector takes too)."""
    alike: dict[tuple[str, str], list[Resource]] = {}
    for resource in workloads(side):
        if resource.id.kind in KINDS:
            alike.setdefault((resource.id.kind, resource.id.namespace), []).append(resource)
    for group in alike.values():
        yield from _taken(group)


def _taken(group: list[Resource]) -> Iterator[tuple[Resource, Resource]]:
    """The pairs of a group, found by the labels that a selector names: a large release has many
    workloads."""
    labels = [pod_labels(resource) or NOTHING for resource in group]
    bearers: dict[str, set[int]] = {}
    for number, own in enumerate(labels):
        for label in own.items():
            bearers.setdefault(str(label), set()).add(number)
    for number, taker in enumerate(group):
        selector = part(taker.body, "spec", "selector")
        for owner in _able(selector, bearers, len(group)):
            if owner != number and selects(selector, labels[owner]):
                yield taker, group[owner]


def _able(selector: Object, bearers: Mapping[str, set[int]], count: int) -> list[int]:
    """Whose pods bear every label that the selector names; nobody's where there is no selector."""
    if not selector:
        return []
    labels = part(selector, "matchLabels").items()
    named = [bearers.get(str(label), set()) for label in labels]
    if named:
        return sorted(set.intersection(*named))
    return list(range(count))
