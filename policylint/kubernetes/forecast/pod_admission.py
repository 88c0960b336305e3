"""What admission makes of a new Pod's priority and runtime (plugin/pkg/admission/priority and
runtimeclass of k8s.io/kubernetes): both look at objects of the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.request import Findings, part
from policylint.model import Cause, Object, ResourceId, Unknown

_TOPIC = "invalid-object"
_LOWER = "PreemptLowerPriority"
_SYSTEM = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
"""The classes that every cluster has."""


def admitted(cluster: Cluster, pod: Object) -> Findings:
    """Why admission refuses a new Pod as it is sent, and what that depends on."""
    spec = part(pod, "spec")
    yield from _priority(cluster, spec)
    yield from _runtime(cluster, spec)


def _refused(field: str, text: str) -> Cause:
    return Cause(field, "Forbidden", text, _TOPIC, "the admission plugins of Kubernetes")


def _unknown(kind: str, name: str, field: str) -> Unknown:
    how = f"kubectl get {kind.lower()} {name} -o yaml (give it with --live)"
    return Unknown(f"whether the cluster has the {kind} {name}", how, _TOPIC, field)


def _live(cluster: Cluster, group: str, kind: str) -> Iterator[tuple[ResourceId, Object]]:
    for identity, body in cluster.live.items():
        if (identity.group, identity.kind) == (group, kind):
            yield identity, body


def _priority(cluster: Cluster, spec: Object) -> Findings:
    name = str(spec.get("priorityClassName") or "")
    if name in _SYSTEM:
        yield from _computed(spec, _SYSTEM[name], _LOWER)
        return
    chosen = _priority_class(cluster, name)
    if chosen is not None:
        policy = str(chosen.get("preemptionPolicy") or _LOWER)
        yield from _computed(spec, chosen.get("value") or 0, policy)
    elif name:
        yield _unknown("PriorityClass", name, "spec.priorityClassName")
    elif list(_computed(spec, 0, _LOWER)):
        what = "whether a PriorityClass of the cluster is the default and has this priority"
        yield Unknown(what, "kubectl get priorityclasses", _TOPIC, "spec.priority")


def _priority_class(cluster: Cluster, name: str) -> Object | None:
    """The class of a name, or the default one; None where the live objects show none."""
    for identity, body in _live(cluster, "scheduling.k8s.io", "PriorityClass"):
        if identity.name == name or (not name and body.get("globalDefault") is True):
            return body
    return None


def _computed(spec: Object, value: object, policy: str) -> Iterator[Cause]:
    """A priority or policy that is given must be what the class says."""
    given, own = spec.get("priority"), spec.get("preemptionPolicy")
    tail = "must not be provided in pod spec; priority admission controller computed"
    source = "from the given PriorityClass name"
    if given not in (None, value):
        text = f"the integer value of priority ({given}) {tail} {value} {source}"
        yield _refused("spec.priority", text)
    if own not in (None, policy):
        text = f"the string value of PreemptionPolicy ({own}) {tail} {policy} {source}"
        yield _refused("spec.preemptionPolicy", text)


def _runtime(cluster: Cluster, spec: Object) -> Findings:
    name, overhead = spec.get("runtimeClassName"), spec.get("overhead") or None
    missing = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
    if not name:
        if overhead:
            yield _refused("spec.overhead", missing)
        return
    known = {
        identity.name: body for identity, body in _live(cluster, "node.k8s.io", "RuntimeClass")
    }
    if name not in known:
        yield _unknown("RuntimeClass", str(name), "spec.runtimeClassName")
        return
    fixed = part(known[name], "overhead").get("podFixed") or None
    if overhead and overhead != fixed:
        yield _refused("spec.overhead", missing)
