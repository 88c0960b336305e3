"""The release needs more than its quota allows.

What happens: pods are not made: "exceeded quota". The upgrade itself is accepted; the Deployment
stays below its replicas, or its rollout stops before the first new pod, until helm's --wait or
somebody gives up. A new object of a kind that the quota counts is refused, and stops the upgrade.

Why: the requests, limits, pods or objects of the release alone, taken together, are more than the
`hard` of a ResourceQuota of the release. A rollout that must not go below its replicas
(maxUnavailable rounds to 0) needs room for one pod more.

What to do instead: raise the quota first, in an upgrade of its own, or ask for less.
"""

from collections.abc import Iterator
from fractions import Fraction

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.usage import Usage, of_object, of_workload, pods_of, total
from policylint.kubernetes.api.workloads import workloads
from policylint.kubernetes.forecast.impact import template_change
from policylint.model import (
    Category,
    Confidence,
    Created,
    Deleted,
    Fix,
    Kept,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)
from policylint.runtime.pointers import step

NONE = Fraction(0)


@rule(category=Category.DOWNTIME, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """What the workloads of a namespace need when the upgrade is over, and while one of them rolls,
    against each quota of the release; a quota that is new counts what is made from then on."""
    for change in upgrade.of("ResourceQuota"):
        if isinstance(change, Deleted):
            continue
        spec = part(change.after.body, "spec")
        if not spec.get("scopes") and not spec.get("scopeSelector"):
            yield from _judged(change, upgrade)


def _judged(change: Created | Kept, upgrade: Upgrade) -> Iterator[Violation]:
    namespace = change.id.namespace
    pods, objects = total(_pods(upgrade, namespace)), total(_objects(upgrade, namespace))
    surge = list(_beyond(upgrade, namespace))
    created = total(_created(upgrade, namespace))
    for name, hard in part(change.after.body, "spec", "hard").items():
        limit = parse_quantity(hard)
        steady = pods.get(name, NONE) + (objects[name] if name in created else NONE)
        more = max((usage.get(name, NONE) for usage in surge), default=NONE)
        if limit is not None and steady + more > limit:
            yield _violation(change, name, steady, more, limit)


def _objects(upgrade: Upgrade, namespace: str) -> Iterator[Usage]:
    """What the other objects of a namespace count for, with the record of the new revision."""
    for identity, resource in upgrade.after.resources.items():
        if identity.namespace == namespace and (identity.group, identity.kind) != ("", "Pod"):
            yield of_object(identity, resource.body)
    if namespace == upgrade.namespace:
        record = ResourceId("", "Secret", namespace, "")
        yield of_object(record, {})


def _created(upgrade: Upgrade, namespace: str) -> Iterator[Usage]:
    """What is new among them: a quota that is exceeded refuses nothing that is there already."""
    for change in upgrade.changes:
        is_pod = (change.id.group, change.id.kind) == ("", "Pod")
        if isinstance(change, Created) and change.id.namespace == namespace and not is_pod:
            yield of_object(change.id, change.after.body)


def _pods(upgrade: Upgrade, namespace: str) -> Iterator[Usage]:
    """What the pods of a namespace use when the upgrade is over."""
    for workload in workloads(upgrade.after):
        if workload.id.namespace == namespace:
            pods, _ = pods_of(workload)
            yield of_workload(workload, pods)


def _beyond(upgrade: Upgrade, namespace: str) -> Iterator[Usage]:
    """What each Deployment that rolls needs beyond that."""
    for change in upgrade.of("Deployment"):
        if isinstance(change, Kept) and change.id.namespace == namespace:
            _, beyond = pods_of(change.after)
            if beyond and template_change(change, upgrade.target.kubernetes) is not None:
                yield of_workload(change.after, beyond)


def _violation(
    change: Created | Kept, name: str, needed: Fraction, more: Fraction, limit: Fraction
) -> Violation:
    quota: Resource = change.after
    steady = needed > limit
    if steady:
        what = "needs"
    else:
        what = "needs, while one workload rolls,"
    amount = needed if steady else needed + more
    return Violation(
        message=f"the release {what} more {name} than {quota.id} allows",
        because=f"{_written(amount)} of {_written(limit)}, by what the release renders alone",
        path=step("/spec/hard", name),
        after=part(quota.body, "spec", "hard").get(name),
        resource=quota.id,
        severity=Severity.ERROR if steady and isinstance(change, Kept) else Severity.WARNING,
        fixes=(
            Fix(
                f"raise {name} of {quota.id} to {_written(amount)} at least, in an upgrade of its"
                " own before this one"
            ),
        ),
    )


def _written(amount: Fraction) -> str:
    return str(amount if amount.denominator == 1 else float(amount))
