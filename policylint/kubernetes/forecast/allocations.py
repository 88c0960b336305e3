"""What only one object of the cluster can have at a time: node ports, cluster IPs, the default
priority.

Helm sends the objects of the new manifest one after the other and deletes what it no longer has at
the very end: what a later object gives up, or a deleted one had, is still taken. Sources: port and
IP allocators of k8s.io/kubernetes pkg/registry/core/service, the Priority admission plugin; order
by Update of helm pkg/kube/client.go. Messages as recorded from Kubernetes 1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from policylint.kubernetes.api.fielderrors import invalid
from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.forecast.moments import Moment, Moments
from policylint.kubernetes.forecast.server import answer
from policylint.kubernetes.manifests.install import rank
from policylint.kubernetes.manifests.reader import UnreadResource
from policylint.model import (
    Answer,
    Cause,
    Change,
    Created,
    Deleted,
    Json,
    Kept,
    Object,
    Outcome,
    Resource,
    ResourceId,
)

_IPS = "ips"
_PORTS = "ports"
_PRIORITY = "priority"
_KINDS = ("Service", "PriorityClass")
_WORDS = ("odePort", "clusterIP", "globalDefault")
_EXPOSED = ("NodePort", "LoadBalancer")
Slot = tuple[str, Json]
"""What is taken: its sort and its value."""


class Holders:
    """Who has what in the cluster, while Helm sends one object after the other."""

    def __init__(self) -> None:
        self._by_slot: dict[Slot, dict[ResourceId, None]] = {}
        self._by_object: dict[ResourceId, tuple[Slot, ...]] = {}

    def has(self, identity: ResourceId, body: Object) -> None:
        """An object is now in the cluster with what its body takes; what it had before is free."""
        for slot in self._by_object.pop(identity, ()):
            self._by_slot[slot].pop(identity, None)
        slots = tuple(slot for slot, _ in wanted(identity, body))
        self._by_object[identity] = slots
        for slot in slots:
            self._by_slot.setdefault(slot, {})[identity] = None

    def refusals(self, identity: ResourceId, body: Object) -> Iterator[Cause]:
        """What the server answers to a request for what another object has."""
        for slot, field in wanted(identity, body):
            owner = next(
                (holder for holder in self._by_slot.get(slot, ()) if holder != identity), None
            )
            if owner is not None:
                yield _taken(slot, field, owner)


def wanted(identity: ResourceId, body: Object) -> Iterator[tuple[Slot, str]]:
    """Everything that an object takes for itself alone, and the field that says so."""
    if (identity.group, identity.kind) == ("", "Service"):
        yield from _of_service(part(body, "spec"))
    elif identity.kind == "PriorityClass" and body.get("globalDefault") is True:
        yield (_PRIORITY, ""), "globalDefault"


def _of_service(spec: Object) -> Iterator[tuple[Slot, str]]:
    if spec.get("type") in _EXPOSED:
        for number, field in _ports(spec):
            if isinstance(number, int) and number:
                yield (_PORTS, number), field
    if spec.get("type") != "ExternalName":
        addresses = items(spec.get("clusterIPs")) or [spec.get("clusterIP")]
        for address in addresses:
            if isinstance(address, str) and address not in ("", "None"):
                yield (_IPS, address), "spec.clusterIPs"


def _ports(spec: Object) -> Iterator[tuple[Json, str]]:
    """The ports of a node that a Service asks for, as they are written."""
    for index, port in enumerate(items(spec.get("ports"))):
        yield part(port).get("nodePort"), f"spec.ports[{index}].nodePort"
    yield spec.get("healthCheckNodePort"), "spec.healthCheckNodePort"


def _taken(slot: Slot, field: str, owner: ResourceId) -> Cause:
    sort, value = slot
    if sort == _PRIORITY:
        text = (
            f"PriorityClass {owner.name} is already marked as default. Only one default can exist"
        )
        return Cause(field, "Forbidden", text, "invalid-object", "Priority admission")
    if sort == _PORTS:
        text = f"provided port is already allocated (to {owner})"
        return invalid(field, value, text, "node-port-collision", "port allocator")
    text = f"failed to allocate IP {value}: provided IP is already allocated (to {owner})"
    return invalid(field, [value], text, source="IP allocator")


def held_by_another(resource: Resource, moments: Moments, moment: Moment) -> Iterator[Cause]:
    """The refusal of what another object has when a hook is made, and of what a hook has when an
    object of the release is."""
    if resource.id.kind not in _KINDS:
        return
    slots = dict(wanted(resource.id, resource.body))
    if resource.is_hook:
        owners = moments.identities
    else:
        owners = moments.makes.hooks
    for owner in owners if slots else ():
        if owner.kind in _KINDS:
            body = moments.body(owner, moment)
        else:
            body = None
        if body is None or owner == resource.id:
            continue
        for slot, _ in wanted(owner, body):
            if slot in slots:
                yield _taken(slot, slots[slot], owner)


def in_turn(changes: tuple[Change, ...], live: Mapping[ResourceId, Object]) -> tuple[Change, ...]:
    """The changes, knowing what each of them asks for while others still have it."""
    if not any(_takes(change) for change in changes):
        return changes
    holders = _at_first(changes, live)
    there = _upgraded(changes, holders)
    back = _taken_back(there, holders)
    return tuple(back.get(change.id, change) for change in changes)


def _takes(change: Change) -> bool:
    """Whether it may ask for anything of the kind, seen without parsing."""
    if change.id.kind not in _KINDS or isinstance(change, Deleted):
        return False
    resource = change.after
    if isinstance(resource, UnreadResource):
        return any(word in resource.document.text for word in _WORDS)
    return True


def _at_first(changes: Iterable[Change], live: Mapping[ResourceId, Object]) -> Holders:
    holders = Holders()
    for identity, body in live.items():
        holders.has(identity, body)
    for change in changes:
        if isinstance(change, Created) or change.id in live or change.id.kind not in _KINDS:
            continue
        holders.has(change.id, change.before.body)
    return holders


def _upgraded(changes: Iterable[Change], holders: Holders) -> dict[ResourceId, Change]:
    """The changes in the order in which Helm sends them; it stops at a refused creation."""
    by_id: dict[ResourceId, Change] = {}
    sent = [change for change in changes if not isinstance(change, Deleted)]
    stopped = False
    for change in sorted(sent, key=lambda change: rank(change.id.kind)):
        response = change.forecast.upgrade
        if not stopped and _is_sent(response):
            response = _asked(holders, change.after, response)
        refused = response is not None and response.outcome is Outcome.REJECTED
        stopped = stopped or (refused and isinstance(change, Created))
        by_id[change.id] = replace(change, forecast=replace(change.forecast, upgrade=response))
    return by_id


def _taken_back(changes: Mapping[ResourceId, Change], holders: Holders) -> dict[ResourceId, Change]:
    """The same, with the rollback from what the upgrade left; what it deleted is made again first
    of its kind, and what it created is deleted last."""
    by_id = dict(changes)
    for change in changes.values():
        response = change.forecast.rollback
        if isinstance(change, Kept) and _is_sent(response):
            response = _asked(holders, change.before, response)
            by_id[change.id] = replace(change, forecast=replace(change.forecast, rollback=response))
    return by_id


def _is_sent(response: Answer | None) -> bool:
    return response is not None and response.outcome is not Outcome.REJECTED


def _asked(holders: Holders, resource: Resource, response: Answer | None) -> Answer | None:
    """The answer to a request that is right otherwise."""
    if resource.id.kind not in _KINDS:
        return response
    refused = list(holders.refusals(resource.id, resource.body))
    if refused:
        return answer(refused)
    holders.has(resource.id, resource.body)
    return response
