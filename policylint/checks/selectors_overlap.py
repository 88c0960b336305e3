"""Two workloads select each other's pods.

What happens: the controllers count, adopt or delete pods that are not theirs: pods vanish, or a
rollout never ends; a PodDisruptionBudget or autoscaler counts both.

Why: the selector of one workload takes the pod labels of another in the same namespace, as when a
canary copies the labels of the stable version and adds none of its own to the stable one's
selector.

What to do instead: give each workload a label of its own (`track: stable`, `track: canary`) in its
selector and its pod labels; the Service selects by what they share.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import EMPTY, mapping, pod_labels, selects, workloads
from policylint.model import (
    Category,
    Change,
    Created,
    Deleted,
    Fix,
    Manifest,
    Resource,
    Severity,
    Upgrade,
    Violation,
)

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload takes the pods of another and did not before; two that come together may have been
    renamed."""
    touched = [
        change for change in upgrade.of(*KINDS) if isinstance(change, Created) or _changes(change)
    ]
    if not touched or not upgrade.before.resources:
        return
    created = {change.id for change in touched if isinstance(change, Created)}
    before = {(one.id, other.id) for one, other in _pairs(upgrade.before)}
    for one, other in _pairs(upgrade.after):
        if (one.id, other.id) not in before and not {one.id, other.id} <= created:
            yield Violation(
                message=f"{one.id} takes the pods of {other.id} for its own",
                because="its selector takes their labels too",
                path="/spec/selector",
                after=mapping(one.body, "spec", "selector"),
                resource=one.id,
                fixes=(
                    Fix("give each of the two a label of its own, in the selector and on the pods"),
                ),
            )


def _changes(change: Change) -> bool:
    return not isinstance(change, (Created, Deleted)) and bool(change.fields)


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
    labels = [pod_labels(resource) or EMPTY for resource in group]
    bearers: dict[object, set[int]] = {}
    for number, own in enumerate(labels):
        for label in own.items():
            bearers.setdefault(str(label), set()).add(number)
    for number, one in enumerate(group):
        selector = mapping(one.body, "spec", "selector")
        named = [
            bearers.get(str(label), set()) for label in mapping(selector, "matchLabels").items()
        ]
        able = set.intersection(*named) if named else range(len(group))
        for other in sorted(able):
            if selector and other != number and selects(selector, labels[other]):
                yield one, group[other]
