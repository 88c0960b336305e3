"""What admission makes of a new Pod's priority and runtime (plugin/pkg/admission/priority and
runtimeclass of k8s.io/kubernetes): both look at objects of the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Protocol

from policylint.kubernetes.api.reading import part
from policylint.kubernetes.forecast.moments import Moment
from policylint.kubernetes.forecast.request import Finding, Findings
from policylint.model import Cause, Object, ResourceId, Unknown

_TOPIC = "invalid-object"
_PRIORITIES, _RUNTIMES = "scheduling.k8s.io", "node.k8s.io"
_LOWER = "PreemptLowerPriority"
_SYSTEM = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
"""The classes that every cluster has."""


class Classes(Protocol):
    """Where classes are looked up."""

    def of_kind(
        self, kind: str, namespace: str, moment: Moment
    ) -> Iterator[tuple[ResourceId, Object]]:
        """The objects of a kind that are there at a moment."""

    def later(self, group: str, kind: str, name: str) -> bool:
        """Whether a cluster-scoped object comes only later."""


def admitted(spec: Object, around: Classes, moment: Moment) -> Findings:
    """Why admission refuses a new Pod of this spec as it is sent, and what that depends on."""
    yield from _priority(spec, around, moment)
    yield from _runtime(spec, around, moment)


def _refused(field: str, text: str) -> Cause:
    return Cause(field, "Forbidden", text, _TOPIC, "the admission plugins of Kubernetes")


def _unknown(kind: str, name: str, field: str) -> Unknown:
    how = f"kubectl get {quote(kind.lower())} {quote(name)} -o yaml  # give it with --live"
    return Unknown(f"whether the cluster has the {kind} {name}", how, _TOPIC, field)


def _classes(
    around: Classes, group: str, kind: str, moment: Moment
) -> Iterator[tuple[ResourceId, Object]]:
    for identity, body in around.of_kind(kind, "", moment):
        if identity.group == group:
            yield identity, body


def _priority(spec: Object, around: Classes, moment: Moment) -> Findings:
    name = str(spec.get("priorityClassName") or "")
    if name in _SYSTEM:
        yield from _computed(spec, _SYSTEM[name], _LOWER)
        return
    chosen = _priority_class(around, name, moment)
    if chosen is not None:
        policy = str(chosen.get("preemptionPolicy") or _LOWER)
        yield from _computed(spec, chosen.get("value") or 0, policy)
    elif name and around.later(_PRIORITIES, "PriorityClass", name):
        text = f"no PriorityClass with name {name} was found"
        yield _refused("spec.priorityClassName", text)
    elif name:
        yield _unknown("PriorityClass", name, "spec.priorityClassName")
    elif list(_computed(spec, 0, _LOWER)):
        what = "whether a PriorityClass of the cluster is the default and has this priority"
        yield Unknown(what, "kubectl get priorityclasses", _TOPIC, "spec.priority")


def _priority_class(around: Classes, name: str, moment: Moment) -> Object | None:
    """The class of a name, or the default one; None where no known object is it."""
    for identity, body in _classes(around, _PRIORITIES, "PriorityClass", moment):
        if identity.name == name or (not name and body.get("globalDefault") is True):
            return body
    return None


def _computed(spec: Object, value: object, policy: str) -> Iterator[Cause]:
    """A priority or policy that is given must be what the class says."""
    priority, own = spec.get("priority"), spec.get("preemptionPolicy")
    tail = "must not be provided in pod spec; priority admission controller computed"
    source = "from the given PriorityClass name"
    if priority not in (None, value):
        text = f"the integer value of priority ({priority}) {tail} {value} {source}"
        yield _refused("spec.priority", text)
    if own not in (None, policy):
        text = f"the string value of PreemptionPolicy ({own}) {tail} {policy} {source}"
        yield _refused("spec.preemptionPolicy", text)


def _runtime(spec: Object, around: Classes, moment: Moment) -> Findings:
    name, overhead = spec.get("runtimeClassName"), spec.get("overhead") or None
    fixed: object = None
    if name:
        classes = _classes(around, _RUNTIMES, "RuntimeClass", moment)
        known = {identity.name: body for identity, body in classes}
        if name not in known:
            yield _no_runtime(str(name), around)
            return
        fixed = part(known[name], "overhead").get("podFixed") or None
    if overhead and overhead != fixed:
        text = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
        yield _refused("spec.overhead", text)


def _no_runtime(name: str, around: Classes) -> Finding:
    field = "spec.runtimeClassName"
    if around.later(_RUNTIMES, "RuntimeClass", name):
        return _refused(field, f'pod rejected: RuntimeClass "{name}" not found')
    return _unknown("RuntimeClass", name, field)
