"""What the other objects of the release, and of the cluster, say of a new one.

Only what is created asks for admission anew: a Pod for the limits, the security level and the
classes of its namespace, a claim for the limits, and everything for its namespace itself. Pods that
controllers make are refused to them, and not to the upgrade. Sources: the admission plugins
LimitRanger, PodSecurity, Priority, RuntimeClass and NamespaceLifecycle of k8s.io/kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from msgspec.structs import replace

from policylint.kubernetes.api.reading import part
from policylint.kubernetes.forecast import limitranges, podsecurity
from policylint.kubernetes.forecast.allocations import held_by_another
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.moments import Moment, Moments, forward
from policylint.kubernetes.forecast.pod_admission import admitted
from policylint.kubernetes.forecast.quotas import exceeded
from policylint.kubernetes.forecast.request import Finding
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

_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Namespaces that every cluster has."""
_TOPIC = "invalid-object"


class Surroundings:
    """What is in the cluster while Helm runs, as far as it is known: the release's own objects and
    the given ones."""

    def __init__(self, moments: Moments, namespace: str, kubernetes: str) -> None:
        self.moments = moments
        self.namespace = namespace
        self.kubernetes = kubernetes
        self.kinds: frozenset[str] = frozenset(item.kind for item in moments.identities)
        deployed = (*moments.there.resources, *moments.live)
        self._namespaces = frozenset(identity.namespace for identity in deployed)

    def of_kind(
        self, kind: str, namespace: str, moment: Moment
    ) -> Iterator[tuple[ResourceId, Object]]:
        """The objects of a kind in a namespace, as they are at a moment."""
        if kind in self.kinds:
            yield from self.moments.of_kind(kind, namespace, moment)

    def later(self, group: str, kind: str, name: str) -> bool:
        """Whether a cluster-scoped object is known, and where it is asked for not there yet."""
        return self.moments.knows(ResourceId(group, kind, "", name))

    def has_namespace(self, name: str, moment: Moment) -> bool | None:
        """Whether a namespace is there: something of it was deployed; None where nobody knows."""
        if name in _NAMESPACES or name in ("", self.namespace) or name in self._namespaces:
            return True
        identity = ResourceId("", "Namespace", "", name)
        if self.moments.knows(identity):
            return self.moments.has(identity, moment)
        return None


def between(changes: tuple[Change, ...], upgrade: Upgrade, cluster: Cluster) -> tuple[Change, ...]:
    """The changes, knowing what other objects say of those that are created."""
    if not any(isinstance(change, Created) for change in changes):
        return changes
    around = Surroundings(
        forward(upgrade, cluster.live), upgrade.namespace, upgrade.target.kubernetes
    )
    return tuple(_admitted(change, around) for change in changes)


def _admitted(change: Change, around: Surroundings) -> Change:
    if not isinstance(change, Created) or change.id in around.moments.live:
        return change
    response = change.forecast.upgrade
    if response is None or response.outcome is not Outcome.ACCEPTED:
        return change
    causes = list(admission(change.after, around, around.moments.of_resource(change.id)))
    if not causes:
        return change
    return replace(change, forecast=replace(change.forecast, upgrade=answer(causes)))


def admission(resource: Resource, around: Surroundings, moment: Moment) -> Iterator[Finding]:
    """What admission says against the creation of an object that is valid by itself."""
    identity = resource.id
    present = around.has_namespace(identity.namespace, moment)
    if present is False:
        text = f'namespaces "{identity.namespace}" not found'
        yield Cause("metadata.namespace", "NotFound", text, _TOPIC, "NamespaceLifecycle")
    elif present is None:
        what = f"whether the namespace {identity.namespace} exists"
        how = f"kubectl get namespace {quote(identity.namespace)}"
        yield Unknown(what, how, _TOPIC, "metadata.namespace")
    yield from _terminating(identity.namespace, around, moment)
    yield from held_by_another(resource, around.moments, moment)
    if "ResourceQuota" in around.kinds:
        yield from exceeded(resource, around.moments, moment, around.namespace)
    if (identity.group, identity.kind) == ("", "PersistentVolumeClaim"):
        yield from _limited_claim(resource, around, moment)
    if (identity.group, identity.kind) == ("", "Pod"):
        yield from _pod(resource, around, moment)


def _terminating(name: str, around: Surroundings, moment: Moment) -> Iterator[Cause]:
    """Nothing is created in a namespace that is going."""
    namespace = around.moments.body(ResourceId("", "Namespace", "", name), moment) or {}
    going = part(namespace, "metadata").get("deletionTimestamp")
    if going or part(namespace, "status").get("phase") == "Terminating":
        text = f"unable to create new content in namespace {name} because it is being terminated"
        yield Cause("metadata.namespace", "Forbidden", text, _TOPIC, "NamespaceLifecycle")


def _limited_claim(claim: Resource, around: Surroundings, moment: Moment) -> Iterator[Cause]:
    for identity, body in around.of_kind("LimitRange", claim.id.namespace, moment):
        for violation in limitranges.of_claim(part(claim.body, "spec"), part(body, "spec")):
            yield _forbidden("spec.resources", violation, identity)


def _pod(pod: Resource, around: Surroundings, moment: Moment) -> Iterator[Finding]:
    spec = part(pod.body, "spec")
    for identity, body in around.of_kind("LimitRange", pod.id.namespace, moment):
        for violation in limitranges.of_pod(spec, part(body, "spec")):
            yield _forbidden("spec.containers", violation, identity)
    yield from _secured(pod, around, moment)
    yield from _account(pod, spec, around, moment)
    yield from admitted(spec, around, moment)


def _account(pod: Resource, spec: Object, around: Surroundings, moment: Moment) -> Iterator[Cause]:
    """The ServiceAccount of a Pod must be there before it."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if not isinstance(name, str):
        return
    identity = ResourceId("", "ServiceAccount", pod.id.namespace, name)
    if around.moments.knows(identity) and not around.moments.has(identity, moment):
        text = (
            f'error looking up service account {pod.id.namespace}/{name}: serviceaccount "{name}" '
            "not found"
        )
        yield Cause("spec.serviceAccountName", "Forbidden", text, _TOPIC, "ServiceAccount")


def _secured(pod: Resource, around: Surroundings, moment: Moment) -> Iterator[Cause]:
    for identity, body in around.of_kind("Namespace", "", moment):
        if identity.name != pod.id.namespace:
            continue
        labels = part(body, "metadata", "labels")
        for violation in podsecurity.violations(pod.body, labels, around.kubernetes):
            yield _forbidden("spec", violation, identity)


def _forbidden(field: str, violation: str, by: ResourceId) -> Cause:
    return Cause(field, "Forbidden", f"{violation} ({by})", _TOPIC, "admission")
