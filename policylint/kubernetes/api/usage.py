"""What objects count for under a ResourceQuota.

Source: pkg/quota/v1/evaluator/core of k8s.io/kubernetes (pods, services, persistent_volume_claims)
and the generic object counts of k8s.io/apiserver pkg/quota/v1/generic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.api.workloads import pod_template
from policylint.model import Json, Object, Resource, ResourceId
from policylint.runtime.digits import whole_or

Usage = Mapping[str, Fraction]
"""Amounts by the names of a quota's `hard`."""
_OLD = frozenset(
    {
        *("configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers"),
        *("resourcequotas", "secrets", "services"),
    }
)
"""Resources that a quota may name without `count/`."""


def resource_of(kind: str) -> str:
    """The name of a built-in kind's resource: "networkpolicies" of NetworkPolicy."""
    name = kind.lower()
    if name == "endpoints":
        return name
    if name.endswith(("s", "x", "ch")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in ("a", "e", "o"):
        return f"{name[:-1]}ies"
    return f"{name}s"


def counted(identity: ResourceId) -> tuple[str, ...]:
    """The names under which a quota counts an object as one."""
    resource = resource_of(identity.kind)
    if identity.group:
        name = f"count/{resource}.{identity.group}"
    else:
        name = f"count/{resource}"
    if not identity.group and resource in _OLD:
        return (name, resource)
    return (name,)


def total(usages: Iterable[Usage]) -> Usage:
    """Several usages together."""
    together: dict[str, Fraction] = {}
    for usage in usages:
        for name, amount in usage.items():
            together[name] = together.get(name, Fraction(0)) + amount
    return together


def of_object(identity: ResourceId, body: Object) -> Usage:
    """What one object counts for by itself."""
    own = dict.fromkeys(counted(identity), Fraction(1))
    spec = part(body, "spec")
    if (identity.group, identity.kind) == ("", "Service"):
        return {**own, **_exposed(spec)}
    if (identity.group, identity.kind) == ("", "PersistentVolumeClaim"):
        return {**own, **_storage(spec)}
    if (identity.group, identity.kind) == ("", "Pod"):
        return {**own, **of_pod(spec)}
    return own


def _exposed(spec: Object) -> Usage:
    """The node ports and load balancers of a Service."""
    ports = items(spec.get("ports"))
    balanced = spec.get("type") == "LoadBalancer"
    if balanced and spec.get("allocateLoadBalancerNodePorts") is False:
        ports = [port for port in ports if part(port).get("nodePort")]
    if not balanced and spec.get("type") != "NodePort":
        return {}
    node_ports = {"services.nodeports": Fraction(len(ports))}
    if balanced:
        return {**node_ports, "services.loadbalancers": Fraction(1)}
    return node_ports


def _storage(spec: Object) -> Usage:
    amount = parse_quantity(part(spec, "resources", "requests").get("storage"))
    if amount is None:
        return {}
    name = spec.get("storageClassName")
    if name:
        of_class = f"{name}.storageclass.storage.k8s.io"
        own = {
            f"{of_class}/requests.storage": amount,
            f"{of_class}/persistentvolumeclaims": Fraction(1),
        }
    else:
        own = {}
    return {"requests.storage": amount, **own}


def of_pod(spec: Object) -> Usage:
    """What a pod of a spec asks for: the sum of its containers, or its largest init container."""
    together = total(_of_container(part(entry)) for entry in items(spec.get("containers")))
    largest = dict(together)
    for container in items(spec.get("initContainers")):
        for name, amount in _of_container(part(container)).items():
            largest[name] = max(largest.get(name, Fraction(0)), amount)
    return largest


def _of_container(container: Object) -> Usage:
    limits = part(container, "resources", "limits")
    return named(part(container, "resources", "requests"), limits)


def named(requests: Object, limits: Object) -> Usage:
    """What requests and limits count for; a limit stands for a request that is not written."""
    requests = {**limits, **requests}
    written = [(f"limits.{name}", value) for name, value in limits.items()]
    written += [(f"requests.{name}", value) for name, value in requests.items()]
    written += [(name, requests[name]) for name in ("cpu", "memory") if name in requests]
    usage: dict[str, Fraction] = {}
    for name, value in written:
        amount = parse_quantity(value)
        if amount is not None:
            usage[name] = amount
    return usage


def pods_of(workload: Resource) -> tuple[int, int]:
    """(pods of a workload, pods beyond them while it rolls and may take none away first); a
    DaemonSet has as many as there are nodes, which nobody knows here."""
    kind, spec = workload.id.kind, part(workload.body, "spec")
    if kind == "Pod":
        return 1, 0
    if kind == "Job":
        return _number(spec.get("parallelism"), 1), 0
    if kind in ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"):
        replicas = _number(spec.get("replicas"), 1)
        return replicas, _surge(spec, replicas) if kind == "Deployment" else 0
    return 0, 0


def _surge(spec: Object, replicas: int) -> int:
    """The pods that a rollout needs beyond the replicas, where it must not go below them."""
    strategy = part(spec, "strategy")
    if strategy.get("type") == "Recreate" or not replicas:
        return 0
    rolling = part(strategy, "rollingUpdate")
    surge = _share(rolling.get("maxSurge"), replicas, up=True)
    gone = _share(rolling.get("maxUnavailable"), replicas, up=False)
    if surge and not gone:
        return 1
    return 0


def _share(value: Json, replicas: int, *, up: bool) -> int:
    text = "25%" if value is None else str(value)
    if not text.endswith("%"):
        return _number(value, 0)
    number = text.removesuffix("%")
    share = whole_or(number, 0) * replicas / 100
    if up:
        return math.ceil(share)
    return math.floor(share)


def _number(value: Json, default: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return default


def of_workload(workload: Resource, pods: int) -> Usage:
    """What so many pods of a workload count for."""
    per_pod = of_pod(part(pod_template(workload), "spec"))
    needed = {name: amount * pods for name, amount in per_pod.items()}
    return {**needed, "pods": Fraction(pods), "count/pods": Fraction(pods)}
