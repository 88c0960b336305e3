"""What NetworkPolicies select and allow."""

from __future__ import annotations

from policylint.kubernetes.api.reading import NOTHING, at, items, part, parts
from policylint.kubernetes.api.workloads import (
    containers,
    is_on_host_network,
    pod_labels,
    pod_template,
    selects,
    workloads,
)
from policylint.model import Json, Manifest, Object, Resource, ResourceId

GROUPS = ("networking.k8s.io", "extensions")
FIELDS = {"Ingress": "ingress", "Egress": "egress"}
PEERS = {"Ingress": "from", "Egress": "to"}


def is_policy(identity: ResourceId) -> bool:
    """Whether an object is a NetworkPolicy of Kubernetes' own."""
    return identity.kind == "NetworkPolicy" and identity.group in GROUPS


def directions(policy: Resource) -> list[str]:
    """policyTypes, or what the API server makes of their absence."""
    types = at(policy.body, "spec", "policyTypes")
    if isinstance(types, list) and types:
        return [direction for direction in FIELDS if direction in types]
    if parts(policy.body, "spec", "egress"):
        return ["Ingress", "Egress"]
    return ["Ingress"]


def takes(policy: Resource, workload: Resource) -> bool:
    """Whether a policy acts on the pods of a workload; those on the network of their node it passes
    over (kubernetes.io, Network Policies: NetworkPolicy and hostNetwork pods)."""
    if policy.id.namespace != workload.id.namespace or is_on_host_network(workload):
        return False
    return selects(part(policy.body, "spec", "podSelector"), pod_labels(workload) or NOTHING)


def selected(policy: Resource, side: Manifest) -> list[Resource]:
    """The workloads of a side whose pods a policy selects."""
    return [workload for workload in workloads(side) if takes(policy, workload)]


def policies_of(workload: Resource, direction: str, side: Manifest) -> list[Resource]:
    """The policies of a side that select a workload's pods in a direction."""
    return [
        policy
        for identity, policy in side.resources.items()
        if is_policy(identity) and direction in directions(policy) and takes(policy, workload)
    ]


def rules(policy: Resource, direction: str) -> list[Object]:
    """The rules of a direction; one that is empty allows everything."""
    listed = items(at(policy.body, "spec", FIELDS[direction]))
    return [_readable(rule or {}, direction) for rule in listed if not rule or part(rule)]


def _readable(rule: Object, direction: str) -> Object:
    """A rule with lists of peers and ports, whatever stands in their places."""
    return {key: parts(rule, key) for key in (PEERS[direction], "ports") if rule.get(key)}


def allows_all(policy: Resource, direction: str) -> bool:
    """Whether one of its rules names neither peers nor ports."""
    return any(not any(rule.values()) for rule in rules(policy, direction))


def covers(rule: Object, narrower: Object, direction: str) -> bool:
    """Whether one rule allows all that another one does: each of its peers, at each of its
    ports."""
    return _holds(rule.get(PEERS[direction]), narrower.get(PEERS[direction])) and _holds(
        rule.get("ports"), narrower.get("ports")
    )


def _holds(wide: Json, narrow: Json) -> bool:
    """Whether a list has all items of another; an absent or empty one means everything."""
    if not wide:
        return True
    return bool(narrow) and all(item in wide for item in narrow)


def shut_ports(workload: Resource, policy: Resource) -> list[Object]:
    """The container ports that a policy does not open to everybody."""
    open_rules = [rule for rule in rules(policy, "Ingress") if not rule.get("from")]
    return [port for port in _ports(workload) if not _is_open(port, open_rules)]


def has_ports(workload: Resource) -> bool:
    """Whether a workload's containers say which ports they have."""
    return bool(_ports(workload))


def _ports(workload: Resource) -> list[Object]:
    return [
        port
        for _, container in containers(pod_template(workload) or {})
        for port in parts(container, "ports")
    ]


def _is_open(port: Object, open_rules: list[Object]) -> bool:
    return any(_opens(rule, port) for rule in open_rules)


def _opens(rule: Object, port: Object) -> bool:
    entries = parts(rule, "ports")
    return not entries or any(_is_port(entry, port) for entry in entries)


def _is_port(entry: Object, port: Object) -> bool:
    if entry.get("protocol", "TCP") != port.get("protocol", "TCP"):
        return False
    first, last, number = entry.get("port"), entry.get("endPort"), port.get("containerPort")
    if first is None or first in (number, port.get("name")):
        return True
    if isinstance(first, int) and isinstance(last, int) and isinstance(number, int):
        return first <= number <= last
    return False
