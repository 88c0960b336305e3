"""Who in this release itself owns fields that it renders too: autoscalers and their like.

Under server-side apply a field with another value than the rendered one is a conflict with whoever
wrote it. Without the live object nobody knows whether the owner has, so that the answer depends.
Sources: the scale subresource of the HorizontalPodAutoscaler, and of KEDA's ScaledObject through
one; the VerticalPodAutoscaler; cert-manager's cainjector (docs/concepts/ca-injector); Kueue
(docs/concepts/workload); External Secrets and Sealed Secrets, which write Secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from policylint.kubernetes.api.autoscalers import targets
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.schemas import group_of
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.managers import TOPIC
from policylint.model import (
    Answer,
    Apply,
    Change,
    Json,
    Kept,
    Manifest,
    Outcome,
    Resource,
    ResourceId,
    Unknown,
    Upgrade,
)

_Path = tuple[str, ...]
"""The names down to a field; "*" is every item of a list."""


class Owner(Struct, frozen=True):
    """What writes a field of an object: its name for the reader, and the field."""

    name: str
    field: _Path


_Owners = Mapping[ResourceId, list[Owner]]
_POD_RESOURCES = ("spec", "template", "spec", "containers", "*", "resources")
_INJECTED = (
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
)
_BUNDLES: Mapping[str, _Path] = {
    "ValidatingWebhookConfiguration": ("webhooks", "*", "clientConfig", "caBundle"),
    "MutatingWebhookConfiguration": ("webhooks", "*", "clientConfig", "caBundle"),
    "CustomResourceDefinition": ("spec", "conversion", "webhook", "clientConfig", "caBundle"),
    "APIService": ("spec", "caBundle"),
}
"""Where the cainjector writes, by kind."""
_QUEUE = "kueue.x-k8s.io/queue-name"
_SECRETS: Mapping[tuple[str, str], _Path] = {
    ("external-secrets.io", "ExternalSecret"): ("spec", "target", "name"),
    ("bitnami.com", "SealedSecret"): ("spec", "template", "metadata", "name"),
}
"""Kinds whose controller writes a Secret, and where that one's name is if it is not their own."""


def with_owners(
    changes: tuple[Change, ...], upgrade: Upgrade, cluster: Cluster
) -> tuple[Change, ...]:
    """The changes whose answer depends on what an owner in this release has written since."""
    target = upgrade.target
    if target.apply is not Apply.SERVER_SIDE or target.force_conflicts:
        return changes
    before = _owners(upgrade.before)
    both = {**_owners(upgrade.after), **before}
    return tuple(
        _with_owner(change, before.get(change.id, []), both[change.id])
        if isinstance(change, Kept) and change.id in both and change.id not in cluster.live
        else change
        for change in changes
    )


def _with_owner(change: Kept, before: list[Owner], both: list[Owner]) -> Kept:
    """The owners of the before side may have written already, those of either side will have by a
    rollback."""
    answers = change.forecast
    upgrade = _depending(answers.upgrade, change.after, before)
    rollback = _depending(answers.rollback, change.before, both)
    return replace(change, forecast=replace(answers, upgrade=upgrade, rollback=rollback))


def _depending(response: Answer | None, sent: Resource, owners: list[Owner]) -> Answer | None:
    """The answer, where it is not a refusal already, with what the owners may have written."""
    if response is None or response.outcome is Outcome.REJECTED:
        return response
    unknowns = tuple(_unknowns(sent, owners))
    if not unknowns:
        return response
    return Answer(Outcome.DEPENDS, unknowns=(*response.unknowns, *unknowns))


def _unknowns(sent: Resource, owners: list[Owner]) -> Iterator[Unknown]:
    identity = sent.id
    how = f"kubectl get {named(identity)} -o yaml --show-managed-fields"
    for owner in owners:
        field = next(_rendered(sent.body, owner.field, ""), "")
        if field:
            what = f"whether {owner.name} has set {field} to another value, which is a conflict"
            yield Unknown(what, how, TOPIC, field)


def _rendered(value: Json, path: _Path, at: str) -> Iterator[str]:
    """The places of a field that the manifest has a value for, as the server writes them."""
    if not path:
        if value is not None:
            yield at
        return
    name, *below = path
    if name == "*":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _rendered(item, tuple(below), f"{at}[{index}]")
    elif isinstance(value, dict):
        yield from _rendered(value.get(name), tuple(below), f"{at}.{name}" if at else name)


def _owners(side: Manifest) -> dict[ResourceId, list[Owner]]:
    """The owners of fields that a side renders, by the object that they write."""
    owners: dict[ResourceId, list[Owner]] = {}
    for autoscaler, target in targets(side):
        owner = Owner(f"the {autoscaler.id.kind} {autoscaler.id.name}", ("spec", "replicas"))
        owners.setdefault(target, []).append(owner)
    for identity, resource in side.resources.items():
        for written, owner in _written(identity, resource):
            owners.setdefault(written, []).append(owner)
    return owners


def _written(identity: ResourceId, resource: Resource) -> Iterator[tuple[ResourceId, Owner]]:
    """What one object has written, or says that is written of itself."""
    named = f"the {identity.kind} {identity.name}"
    if identity.kind == "VerticalPodAutoscaler":
        ref = part(resource.body, "spec", "targetRef")
        group, kind = group_of(str(ref.get("apiVersion") or "")), str(ref.get("kind"))
        scaled = ResourceId(group, kind, identity.namespace, str(ref.get("name")))
        yield scaled, Owner(named, _POD_RESOURCES)
    elif (identity.group, identity.kind) in _SECRETS:
        *outer, name = _SECRETS[identity.group, identity.kind]
        own = str(part(resource.body, *outer).get(name) or identity.name)
        for field in ("data", "stringData"):
            yield ResourceId("", "Secret", identity.namespace, own), Owner(named, (field,))
    else:
        yield from _written_by_others(identity, resource)


def _written_by_others(
    identity: ResourceId, resource: Resource
) -> Iterator[tuple[ResourceId, Owner]]:
    """What marks on the object itself ask a controller to write."""
    # few are of these kinds or hold such a mark, and to parse all others takes long
    if identity.kind in _BUNDLES and resource.may_hold(_INJECTED):
        annotations = part(resource.body, "metadata", "annotations")
        if any(mark in annotations for mark in _INJECTED):
            yield identity, Owner("cert-manager's cainjector", _BUNDLES[identity.kind])
    if identity.kind == "Job" and _QUEUE in part(resource.body, "metadata", "labels"):
        yield identity, Owner("Kueue", ("spec", "suspend"))
