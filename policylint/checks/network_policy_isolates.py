"""A new NetworkPolicy cuts pods off from what it does not name.

What happens: the pods that it selects were open until now; from now on they take (or make) only the
connections that a policy allows, and all others time out, the name service too where egress is
meant.

Why: the upgrade brings in the first NetworkPolicy for these pods in that direction.

What to do instead: list what talks to the pods first, and allow it in the policy; egress to port 53
with it.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import (
    EMPTY,
    at,
    items,
    mapping,
    pod_labels,
    selects,
    workloads,
)
from policylint.model import (
    Category,
    Confidence,
    Created,
    Fix,
    Manifest,
    Resource,
    Severity,
    Upgrade,
    Violation,
)

FIELDS = {"Ingress": "ingress", "Egress": "egress"}
GROUPS = ("networking.k8s.io", "extensions")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A created policy that does not allow everything selects pods of a kept workload that no
    policy of the before side selected in that direction."""
    for change in upgrade.of("NetworkPolicy"):
        if not isinstance(change, Created):
            continue
        for direction in _directions(change.after):
            cut = [
                workload
                for workload in _selected(change.after, upgrade.before)
                if not _isolated(workload, direction, upgrade.before)
            ]
            if cut and not _allows_all(change.after, direction):
                yield _isolates(change, direction, cut)


def _directions(policy: Resource) -> list[str]:
    """policyTypes, or what the API server makes of their absence."""
    types = at(policy.body, "spec", "policyTypes")
    if isinstance(types, list) and types:
        return [direction for direction in FIELDS if direction in types]
    return ["Ingress", "Egress"] if items(policy.body, "spec", "egress") else ["Ingress"]


def _selected(policy: Resource, side: Manifest) -> list[Resource]:
    """The workloads of a side whose pods a policy selects."""
    selector = mapping(policy.body, "spec", "podSelector")
    return [
        workload
        for workload in workloads(side)
        if workload.id.namespace == policy.id.namespace
        and selects(selector, pod_labels(workload) or EMPTY)
    ]


def _isolated(workload: Resource, direction: str, side: Manifest) -> bool:
    labels = pod_labels(workload) or EMPTY
    return any(
        selects(mapping(policy.body, "spec", "podSelector"), labels)
        for identity, policy in side.resources.items()
        if identity.kind == "NetworkPolicy"
        and identity.group in GROUPS
        and identity.namespace == workload.id.namespace
        and direction in _directions(policy)
    )


def _allows_all(policy: Resource, direction: str) -> bool:
    """Whether one of its rules names neither peers nor ports."""
    rules = at(policy.body, "spec", FIELDS[direction])
    return isinstance(rules, list) and any(rule in ({}, None) for rule in rules)


def _isolates(change: Created, direction: str, cut: list[Resource]) -> Violation:
    names = ", ".join(str(workload.id) for workload in cut[:3])
    way = "from" if direction == "Egress" else "to"
    none = not items(change.after.body, "spec", FIELDS[direction])
    allowed = "nothing" if none else "only what its rules name"
    return Violation(
        message=f"{change.id} cuts traffic {way} the pods of {names}: {allowed} is allowed",
        because=f"no policy of this release selected them for {direction} before",
        path=f"/spec/{FIELDS[direction]}",
        resource=change.id,
        fixes=(
            Fix("list what talks to the pods, and allow it in the policy"),
            Fix("bring the policy in by an upgrade of its own, when the traffic can be watched"),
        ),
    )
