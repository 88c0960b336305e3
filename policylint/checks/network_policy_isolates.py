"""A new NetworkPolicy cuts pods off from what it does not name.

What happens: the pods that it selects were open until now; from now on they take (or make) only the
connections that a policy allows, and all others time out, the name service too where egress is
meant. Pods on the network of their node (hostNetwork) no policy acts on.

Why: the upgrade brings in the first NetworkPolicy for these pods in that direction, or a policy
that they have begins to judge the other direction too.

What to do instead: list what talks to the pods first, and allow it in the policy; egress to port 53
with it.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.networkpolicies import (
    FIELDS,
    allows_all,
    directions,
    has_ports,
    policies_of,
    rules,
    selected,
    shut_ports,
)
from policylint.kubernetes.api.workloads import is_on_host_network
from policylint.model import (
    Category,
    Confidence,
    Created,
    Deleted,
    Fix,
    Kept,
    Resource,
    Severity,
    Upgrade,
    Violation,
)
from policylint.runtime.sentences import first_of

WAYS = {"Ingress": "to", "Egress": "from"}


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A policy that does not allow everything selects pods of a kept workload that no policy of the
    before side selected in that direction."""
    for change in upgrade.of("NetworkPolicy"):
        if isinstance(change, Deleted) or (isinstance(change, Kept) and not change.fields):
            continue
        for direction in directions(change.after):
            cut = _cut(upgrade, change, direction)
            if cut and not allows_all(change.after, direction):
                yield _isolates(change, direction, cut)


def _cut(upgrade: Upgrade, change: Created | Kept, direction: str) -> list[Resource]:
    """The workloads that were open in this direction and are no more; a port that everybody may
    still call is not shut."""
    return [
        workload
        for workload in selected(change.after, upgrade.before)
        if not policies_of(workload, direction, upgrade.before)
        and _stays_isolable(workload, upgrade)
        and (direction == "Egress" or _shuts(change.after, workload))
    ]


def _stays_isolable(workload: Resource, upgrade: Upgrade) -> bool:
    after = upgrade.after.resources.get(workload.id)
    return after is not None and not is_on_host_network(after)


def _shuts(policy: Resource, workload: Resource) -> bool:
    """Whether a policy closes a port of the pods; which ports those without a word about them have
    is not known."""
    if not rules(policy, "Ingress") or not has_ports(workload):
        return True
    return bool(shut_ports(workload, policy))


def _isolates(change: Created | Kept, direction: str, cut: list[Resource]) -> Violation:
    names = first_of([str(workload.id) for workload in cut], 3)
    if rules(change.after, direction):
        allowed = "only what its rules name"
    else:
        allowed = "nothing"
    return Violation(
        message=f"{change.id} cuts traffic {WAYS[direction]} the pods of {names}: "
        f"{allowed} is allowed",
        because=f"no policy of this release selected them for {direction} before"
        + _shut(change.after, direction, cut),
        path=f"/spec/{FIELDS[direction]}",
        resource=change.id,
        fixes=(
            Fix("list what talks to the pods, and allow it in the policy"),
            Fix("bring the policy in by an upgrade of its own, when the traffic can be watched"),
        ),
    )


def _shut(policy: Resource, direction: str, cut: list[Resource]) -> str:
    """The ports of the first workload that not everybody may call any more, in words."""
    if direction == "Egress" or not rules(policy, "Ingress"):
        return ""
    shut = sorted({str(port.get("containerPort")) for port in shut_ports(cut[0], policy)})
    if shut:
        return f"; not everybody may call port {', '.join(shut)} any more"
    return ""
