"""What the other objects of the release, and of the cluster, say of a new one.

Only what is created asks for admission anew: a Pod for the limits, the security level and the
classes of its namespace, a claim for the limits, and everything for its namespace itself. Pods that
controllers make are refused to them, and not to the upgrade. Sources: the admission plugins
LimitRanger, PodSecurity, Priority, RuntimeClass and NamespaceLifecycle of k8s.io/kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from policylint.kubernetes.forecast import limitranges, podsecurity
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.request import Finding, part
from policylint.kubernetes.forecast.server import answer
from policylint.model import (
    Cause,
    Change,
    Created,
    Object,
    Outcome,
    Resource,
    ResourceId,
    Unknown,
    Upgrade,
)

_SYSTEM_CLASSES = ("system-node-critical", "system-cluster-critical")
_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Namespaces that every cluster has."""
_TOPIC = "invalid-object"


class Surroundings:
    """What is in the cluster while the upgrade runs, as far as it is known: the release's own
    objects and the given ones."""

    def __init__(self, upgrade: Upgrade, cluster: Cluster) -> None:
        self.upgrade = upgrade
        self.live = cluster.live
        self._resources: Mapping[ResourceId, Resource] = {
            **upgrade.before.resources,
            **upgrade.after.resources,
        }
        known = (*self._resources, *upgrade.before.hooks, *upgrade.after.hooks, *cluster.live)
        self.kinds: frozenset[str] = frozenset(identity.kind for identity in known)
        self._known = frozenset(known)
        before = (*upgrade.before.resources, *cluster.live)
        self._namespaces = frozenset(identity.namespace for identity in before)

    def of_kind(self, kind: str, namespace: str) -> Iterator[tuple[ResourceId, Object]]:
        """The objects of a kind in a namespace, as the upgrade leaves them."""
        if kind not in self.kinds:
            return
        for identity, resource in self.upgrade.after.resources.items():
            if (identity.kind, identity.namespace) == (kind, namespace):
                yield identity, resource.body
        for identity, body in self.live.items():
            rendered = identity in self._resources
            if (identity.kind, identity.namespace) == (kind, namespace) and not rendered:
                yield identity, body

    def has(self, group: str, kind: str, name: str) -> bool:
        """Whether a cluster-scoped object is known to be there."""
        return ResourceId(group, kind, "", name) in self._known

    def has_namespace(self, name: str) -> bool:
        """Whether a namespace is there for all that is known: something of it was deployed."""
        if name in _NAMESPACES or name in ("", self.upgrade.namespace):
            return True
        return name in self._namespaces or self.has("", "Namespace", name)


def between(changes: tuple[Change, ...], upgrade: Upgrade, cluster: Cluster) -> tuple[Change, ...]:
    """The changes, knowing what other objects say of those that are created."""
    around = Surroundings(upgrade, cluster)
    return tuple(_admitted(change, around) for change in changes)


def _admitted(change: Change, around: Surroundings) -> Change:
    if not isinstance(change, Created) or change.id in around.live:
        return change
    said = change.forecast.upgrade
    if said is None or said.outcome is not Outcome.ACCEPTED:
        return change
    found = list(admission(change.after, around))
    if not found:
        return change
    return replace(change, forecast=replace(change.forecast, upgrade=answer(found)))


def admission(resource: Resource, around: Surroundings) -> Iterator[Finding]:
    """What admission says against the creation of an object that is valid by itself."""
    identity = resource.id
    if not around.has_namespace(identity.namespace):
        what = f"whether the namespace {identity.namespace} exists"
        how = f"kubectl get namespace {identity.namespace}"
        yield Unknown(what, how, _TOPIC, "metadata.namespace")
    if (identity.group, identity.kind) == ("", "PersistentVolumeClaim"):
        yield from _limited_claim(resource, around)
    if (identity.group, identity.kind) == ("", "Pod"):
        yield from _pod(resource, around)


def _limited_claim(claim: Resource, around: Surroundings) -> Iterator[Cause]:
    for identity, body in around.of_kind("LimitRange", claim.id.namespace):
        for said in limitranges.of_claim(part(claim.body, "spec"), part(body, "spec")):
            yield _forbidden("spec.resources", said, identity)


def _pod(pod: Resource, around: Surroundings) -> Iterator[Finding]:
    spec = part(pod.body, "spec")
    for identity, body in around.of_kind("LimitRange", pod.id.namespace):
        for said in limitranges.of_pod(spec, part(body, "spec")):
            yield _forbidden("spec.containers", said, identity)
    yield from _secured(pod, spec, around)
    name = spec.get("priorityClassName")
    if name and name not in _SYSTEM_CLASSES:
        yield from _class(around, "scheduling.k8s.io", "PriorityClass", str(name))
    if spec.get("runtimeClassName"):
        yield from _class(around, "node.k8s.io", "RuntimeClass", str(spec["runtimeClassName"]))


def _secured(pod: Resource, spec: Object, around: Surroundings) -> Iterator[Cause]:
    for identity, body in around.of_kind("Namespace", ""):
        level = part(body, "metadata", "labels").get(podsecurity.ENFORCE)
        if identity.name != pod.id.namespace or level not in ("baseline", "restricted"):
            continue
        for said in podsecurity.violations(spec, level):
            yield _forbidden("spec", f'violates PodSecurity "{level}:latest": {said}', identity)


def _class(around: Surroundings, group: str, kind: str, name: str) -> Iterator[Unknown]:
    if not around.has(group, kind, name):
        field = f"spec.{kind[0].lower()}{kind[1:]}Name"
        how = f"kubectl get {kind.lower()} {name}"
        yield Unknown(f"whether the {kind} {name} exists", how, _TOPIC, field)


def _forbidden(field: str, said: str, by: ResourceId) -> Cause:
    return Cause(field, "Forbidden", f"{said} ({by})", _TOPIC, "admission")
