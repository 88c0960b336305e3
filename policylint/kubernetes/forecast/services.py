"""Services: what the server allocates, keeps and clears on its own, and what may not change.

Source: pkg/registry/core/service (PrepareForUpdate: patchAllocatedValues, normalizeClusterIPs,
dropTypeDependentFields) and pkg/apis/core/validation (ValidateServiceUpdate), v1.28 to v1.36.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from policylint.kubernetes.api.fielderrors import IMMUTABLE_FIELD, forbidden, invalid
from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.request import Allocated, AllocatedPort, Findings, Request
from policylint.model import Object, Unknown

TOPIC = "service-cluster-ip-changed"
ONCE = "may not change once set"
_SOURCE = "pkg/apis/core/validation ValidateServiceUpdate"
_WITH_ADDRESS = ("ClusterIP", "NodePort", "LoadBalancer")
_WITH_PORTS = ("NodePort", "LoadBalancer")
_DUAL_STACK = "whether the cluster is configured for dual-stack services"
Spec = dict[str, Any]


def created_questions(service: Object, cluster: Cluster) -> Findings:
    """What is said against a new Service as it is sent: families and addresses are the cluster's
    to give, and several addresses need the first of them."""
    spec = part(service, "spec")
    if spec.get("ipFamilyPolicy") == "RequireDualStack":
        yield _allocated("spec.ipFamilyPolicy", _DUAL_STACK)
    if spec.get("type") == "ExternalName":
        return
    several, address = items(spec.get("clusterIPs")), spec.get("clusterIP")
    if several and not address:
        detail = "must be empty when `clusterIP` is not specified"
        yield invalid("spec.clusterIPs", several, detail, source=_SOURCE)
    if "IPv6" in items(spec.get("ipFamilies")):
        yield _allocated("spec.ipFamilies", "whether the cluster gives services addresses of IPv6")
    if address and address != "None":
        yield from _wanted_address(str(address), cluster)


def _wanted_address(address: str, cluster: Cluster) -> Findings:
    """What is said against an address that a new Service asks for, by the ranges that are known."""
    ranges = [
        str(block)
        for identity, body in cluster.live.items()
        if (identity.group, identity.kind) == ("networking.k8s.io", "ServiceCIDR")
        for block in items(part(body, "spec").get("cidrs"))
    ]
    if not ranges:
        what = f"whether {address} is in the cluster's range of service addresses, and free"
        how = "kubectl get servicecidrs -o yaml  # give it with --live"
        yield Unknown(what, how, TOPIC, "spec.clusterIP")
    elif not any(_is_in(address, block) for block in ranges):
        text = (
            f"failed to allocate IP {address}: the provided IP ({address}) is not in the valid "
            f"range. The range of valid IPs is {', '.join(ranges)}"
        )
        yield invalid("spec.clusterIPs", [address], text, TOPIC, _SOURCE)


def _is_in(address: str, block: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(block, strict=False)
    except ValueError:  # told as no address, or not of this cluster
        return False


def created(service: Object) -> Object:
    """A Service with the addresses and ports that the server allocates when it is created."""
    return _with_spec(service, _allocate(dict(part(service, "spec"))))


def prepared(live: Object, new: Object) -> Object:
    """What the server makes of an update before it judges it: allocated values kept, stale ones
    cleared."""
    old, spec = part(live, "spec"), dict(part(new, "spec"))
    _keep_allocated(spec, old)
    _normalize_addresses(spec, old)
    _clear_stale(spec, old)
    return _with_spec(new, spec)


def stored(service: Object) -> Object:
    """A Service after an accepted update: missing addresses and ports are allocated."""
    return _with_spec(service, _allocate(dict(part(service, "spec"))))


def _with_spec(service: Object, spec: Spec) -> Object:
    return {**service, "spec": spec}


def _allocate(spec: Spec) -> Spec:
    if spec.get("type") in _WITH_ADDRESS:
        if not spec.get("clusterIP"):
            first = items(spec.get("clusterIPs"))[:1]
            spec["clusterIP"] = first[0] if first else Allocated("10.96.0.10")
        if not spec.get("clusterIPs"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        _families(spec)
    if spec.get("type") in _WITH_PORTS and spec.get("allocateLoadBalancerNodePorts", True):
        spec["ports"] = [
            _with_node_port(port, 30000 + index)
            for index, port in enumerate(items(spec.get("ports")))
        ]
    if _checks_health(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = AllocatedPort(30999)
    return spec


def _families(spec: Spec) -> None:
    bare = _bare(spec)
    if spec.get("ipFamilyPolicy") is None:
        spec["ipFamilyPolicy"] = "RequireDualStack" if bare else "SingleStack"
    if not spec.get("ipFamilies"):
        both = bare and spec["ipFamilyPolicy"] != "SingleStack"
        spec["ipFamilies"] = [Allocated("IPv4"), Allocated("IPv6")] if both else [Allocated("IPv4")]


def _bare(spec: Mapping[str, Any]) -> bool:
    """Whether a Service has neither address nor selector: the families of the cluster are no
    concern of it."""
    return spec.get("clusterIP") == "None" and not spec.get("selector")


def _with_node_port(port: object, number: int) -> object:
    if isinstance(port, Mapping) and not port.get("nodePort"):
        return {**port, "nodePort": AllocatedPort(number)}
    return port


def _checks_health(spec: Mapping[str, Any]) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _keep_allocated(spec: Spec, old: Mapping[str, Any]) -> None:
    if _both_in(_WITH_ADDRESS, spec, old):
        _keep_addresses(spec, old)
    if _both_in(_WITH_PORTS, spec, old):
        _keep_node_ports(spec, old)
    if _checks_health(spec) and _checks_health(old) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = old.get("healthCheckNodePort", 0)


def _both_in(types: tuple[str, ...], spec: Spec, old: Mapping[str, Any]) -> bool:
    return spec.get("type") in types and old.get("type") in types


def _keep_addresses(spec: Spec, old: Mapping[str, Any]) -> None:
    if not spec.get("clusterIP"):
        spec["clusterIP"] = old.get("clusterIP", "")
    if not spec.get("clusterIPs") and spec["clusterIP"] == old.get("clusterIP"):
        spec["clusterIPs"] = old.get("clusterIPs") or []
    for name in ("ipFamilies", "ipFamilyPolicy"):
        if not spec.get(name) and old.get(name):
            spec[name] = old[name]


def _keep_node_ports(spec: Spec, old: Mapping[str, Any]) -> None:
    by_name = {port.get("name", ""): port.get("nodePort") for port in items(old.get("ports"))}
    used = {port.get("nodePort") for port in items(spec.get("ports"))} & set(by_name.values())
    ports = []
    for port in items(spec.get("ports")):
        value = by_name.get(port.get("name", ""))
        kept = not port.get("nodePort") and value and value not in used
        ports.append({**port, "nodePort": value} if kept else port)
        used.add(ports[-1].get("nodePort"))
    if ports:
        spec["ports"] = ports


def _normalize_addresses(spec: Spec, old: Mapping[str, Any]) -> None:
    """clusterIP and the first of clusterIPs are one value; whichever the client changed wins."""
    unchanged = items(spec.get("clusterIPs")) == items(old.get("clusterIPs"))
    if spec.get("clusterIP") != old.get("clusterIP", "") and unchanged:
        spec["clusterIPs"] = [spec["clusterIP"]] if spec.get("clusterIP") else []
    elif spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]


def _clear_stale(spec: Spec, old: Mapping[str, Any]) -> None:
    for meaningful, names in _STALE:
        if meaningful(old) and not meaningful(spec):
            for name in names:
                _clear_if_kept(spec, old, name)
    had_ports = old.get("type") in _WITH_PORTS and spec.get("type") not in _WITH_PORTS
    if had_ports and _node_ports(spec) <= _node_ports(old):
        spec["ports"] = [_without_node_port(port) for port in items(spec.get("ports"))]


def _without_node_port(port: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in port.items() if key != "nodePort"}


def _has_address(spec: Mapping[str, Any]) -> bool:
    return spec.get("type") in _WITH_ADDRESS


def _is_balancer(spec: Mapping[str, Any]) -> bool:
    return spec.get("type") == "LoadBalancer"


def _reachable(spec: Mapping[str, Any]) -> bool:
    """Whether a Service can be reached from outside."""
    return spec.get("type") in _WITH_PORTS or (
        spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs"))
    )


_STALE: tuple[tuple[Callable[[Mapping[str, Any]], bool], tuple[str, ...]], ...] = (
    (
        _has_address,
        ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"),
    ),
    (_checks_health, ("healthCheckNodePort",)),
    (
        _is_balancer,
        ("allocateLoadBalancerNodePorts", "loadBalancerClass"),
    ),
    (_reachable, ("externalTrafficPolicy",)),
)
"""What the server clears when a Service stops being such that the fields mean something, unless the
client has changed them (dropTypeDependentFields)."""


def _clear_if_kept(spec: Spec, old: Mapping[str, Any], name: str) -> None:
    if spec.get(name) == old.get(name):
        spec.pop(name, None)


def _node_ports(spec: Mapping[str, Any]) -> set[int]:
    return {port["nodePort"] for port in items(spec.get("ports")) if port.get("nodePort")}


def refusals(request: Request) -> Findings:
    """What the server refuses in an update of a Service."""
    old, spec = part(request.live, "spec"), part(request.new, "spec")
    yield from _addresses(old, spec, request.minor)
    yield from _load_balancer_class(old, spec, request.minor)
    yield from _health_port(old, spec, request.minor)
    yield from _stack(old, spec, request.minor)
    for index, port in enumerate(items(spec.get("ports"))):
        if spec.get("type") == "ClusterIP" and port.get("nodePort"):
            text = "may not be used when `type` is 'ClusterIP'"
            yield forbidden(f"spec.ports[{index}].nodePort", text, IMMUTABLE_FIELD, source=_SOURCE)


def _addresses(old: Mapping[str, Any], spec: Mapping[str, Any], minor: int) -> Findings:
    if "ExternalName" in (old.get("type"), spec.get("type")):
        return
    if old.get("clusterIP") == "None" and spec.get("clusterIP") == "None":
        return
    have, want = items(old.get("clusterIPs")), items(spec.get("clusterIPs"))
    if have and not want:
        text = "primary clusterIP can not be unset"
        yield invalid(
            "spec.clusterIPs[0]",
            None,
            text,
            minor=minor,
            go="[]string",
            topic=TOPIC,
            source=_SOURCE,
        )
    for index in range(min(len(have), len(want))):
        if have[index] == want[index]:
            continue
        if isinstance(have[index], Allocated) and want[index] != "None":
            yield _allocated(
                f"spec.clusterIPs[{index}]", f"whether the allocated address is {want[index]}"
            )
        else:
            field = f"spec.clusterIPs[{index}]"
            yield invalid(
                field, want, ONCE, minor=minor, go="[]string", topic=TOPIC, source=_SOURCE
            )


def _load_balancer_class(old: Mapping[str, Any], spec: Mapping[str, Any], minor: int) -> Findings:
    both = old.get("type") == spec.get("type") == "LoadBalancer"
    if both and old.get("loadBalancerClass") != spec.get("loadBalancerClass"):
        yield invalid(
            "spec.loadBalancerClass",
            spec.get("loadBalancerClass"),
            ONCE,
            minor=minor,
            source=_SOURCE,
            topic=IMMUTABLE_FIELD,
        )


def _health_port(old: Mapping[str, Any], spec: Mapping[str, Any], minor: int) -> Findings:
    port, field = spec.get("healthCheckNodePort"), "spec.healthCheckNodePort"
    if not port:
        return
    if not _checks_health(spec):
        text = (
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        )
        yield invalid(field, port, text, minor=minor, source=_SOURCE, topic=IMMUTABLE_FIELD)
    elif _checks_health(old) and port != old.get("healthCheckNodePort"):
        if isinstance(old.get("healthCheckNodePort"), AllocatedPort):
            yield _allocated(field, f"whether the allocated health check port is {port}")
        else:
            yield forbidden(field, "field is immutable", IMMUTABLE_FIELD, source=_SOURCE)


def _stack(old: Mapping[str, Any], spec: Mapping[str, Any], minor: int) -> Findings:
    """IP families: which ones the cluster has decides, unless the Service has neither address nor
    selector."""
    if spec.get("type") not in _WITH_ADDRESS:
        return
    asked = spec.get("ipFamilyPolicy")
    have, want = items(old.get("ipFamilies")), items(spec.get("ipFamilies"))
    if len(have) > len(want) == 1 and asked != "SingleStack":
        text = "must be 'SingleStack' to release the secondary IP family"
        yield invalid(
            "spec.ipFamilyPolicy", asked, text, minor=minor, source=_SOURCE, topic=IMMUTABLE_FIELD
        )
    if asked == "RequireDualStack" and _asks_cluster(old, spec):
        yield _allocated("spec.ipFamilyPolicy", _DUAL_STACK)
    yield from _families_of(have, want, spec)


def _asks_cluster(old: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether two families are asked for anew, of a Service that the cluster gives addresses."""
    if _bare(spec):
        return False
    return _bare(old) or old.get("ipFamilyPolicy") != spec.get("ipFamilyPolicy")


def _families_of(have: list[Any], want: list[Any], spec: Mapping[str, Any]) -> Findings:
    if not have or not want:
        return
    if have[0] != want[0]:
        yield _allocated("spec.ipFamilies", f"whether the Service's address is of family {want[0]}")
        return
    free = spec.get("ipFamilyPolicy") == "PreferDualStack" or spec.get("clusterIP") == "None"
    if len(want) > len(have) and not free:
        yield _allocated("spec.ipFamilies", _DUAL_STACK)


def _allocated(field: str, what: str) -> Unknown:
    how = "kubectl get service NAME -o yaml  # give it with --live"
    return Unknown(what, how, TOPIC if "IP" in field else "immutable-field", field)
