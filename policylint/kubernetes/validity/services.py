"""Services and Endpoints (pkg/apis/core/validation)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    required,
    unsupported,
)
from policylint.kubernetes.api.reading import (
    fields,
    has,
    many,
    number,
    objects,
    text,
    text_map,
    texts,
)
from policylint.kubernetes.validity.addresses import address, endpoint, network
from policylint.kubernetes.validity.formats import (
    between,
    dns_label,
    dns_subdomain,
    ip_family,
    port_number,
    qualified_name,
)
from policylint.kubernetes.validity.metadata import labels
from policylint.kubernetes.validity.rules import port_or_name
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Json, Object

_LONGEST_AFFINITY = 86400
_UNNAMED = {
    "Name": "",
    "Protocol": "",
    "AppProtocol": None,
    "Port": 0,
    "TargetPort": 0,
    "NodePort": 0,
}
"""How the server prints the key of a port: a ServicePort of nothing but protocol and number."""

_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_SAME_NODE = 34
"""The first minor that knows more than PreferClose (feature PreferSameTrafficDistribution)."""

_NODE_PORTS = (30000, 32767)
"""The default of the API server's `--service-node-port-range`."""

_TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints"
_TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"

_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_EXTERNAL = frozenset({"NodePort", "LoadBalancer"})
_BALANCER_ONLY = "may only be used when `type` is 'LoadBalancer'"


def service(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a Service's spec."""
    yield from _topology(text_map(fields(scope.root, "metadata"), "annotations"))
    kind, ports = text(spec, "type") or "ClusterIP", many(spec, "ports")
    if not ports and not is_headless(spec) and kind != "ExternalName":
        yield required(f"{at}.ports")
    yield from _type(spec, at, kind)
    yield from _ports(spec, at, kind)
    yield from labels(spec, "selector", f"{at}.selector")
    yield from _affinity(spec, at)
    yield from _addresses(spec, at, kind, scope)
    for path, ip in texts(spec, "externalIPs", at):
        yield from endpoint(path, ip, scope)
    yield from _balancer(spec, at, kind, scope)
    yield from _traffic(spec, at, kind, scope)


def _topology(annotations: Mapping[str, str]) -> Iterator[Cause]:
    """The errors of the two annotations, the newer and the older one, for routing by zones."""
    mode, hints = annotations.get(_TOPOLOGY_MODE), annotations.get(_TOPOLOGY_HINTS)
    if mode is not None and hints is not None and mode != hints:
        detail = f"must match annotations[{_TOPOLOGY_HINTS}] when both are specified"
        yield invalid(f"metadata.annotations[{_TOPOLOGY_MODE}]", mode, detail)


def is_headless(spec: Object) -> bool:
    """Whether a Service has no address of its own."""
    return text(spec, "clusterIP") == "None" or many(spec, "clusterIPs") == ["None"]


def _type(spec: Object, at: str, kind: str) -> Iterator[Cause]:
    if kind in _EXTERNAL and is_headless(spec):
        yield invalid(
            f"{at}.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services"
        )
    if kind != "ExternalName":
        return
    for name in ("clusterIPs", "ipFamilies"):
        if many(spec, name) or (name == "clusterIPs" and text(spec, "clusterIP")):
            yield forbidden(f"{at}.{name}", "may not be set for ExternalName services")
    if has(spec, "ipFamilyPolicy"):
        yield forbidden(f"{at}.ipFamilyPolicy", "may not be set for ExternalName services")
    host = text(spec, "externalName").removesuffix(".")
    yield from (
        each_invalid(f"{at}.externalName", host, dns_subdomain(host))
        if host
        else [required(f"{at}.externalName")]
    )


def _port_name(name: str, at: str, *, alone: bool) -> Iterator[Cause]:
    if name:
        yield from each_invalid(at, name, dns_label(name))
    elif not alone:
        yield required(at)


def _ports(spec: Object, at: str, kind: str) -> Iterator[Cause]:
    names: set[str] = set()
    used: set[tuple[str, int]] = set()
    for path, port in objects(spec, "ports", at):
        name, port_value = text(port, "name"), number(port, "port") or 0
        protocol = text(port, "protocol") or "TCP"
        yield from _port_name(name, f"{path}.name", alone=len(many(spec, "ports")) == 1)
        if name and name in names:
            yield duplicate(f"{path}.name", name)
        names.add(name)
        yield from each_invalid(f"{path}.port", port_value, port_number(port_value))
        if port.get("targetPort") not in ("", 0):  # which stand for the port
            yield from port_or_name(port.get("targetPort"), f"{path}.targetPort")
        if (protocol, port_value) in used:
            yield duplicate(path, {**_UNNAMED, "Protocol": protocol, "Port": port_value})
        used.add((protocol, port_value))
    yield from _node_ports(spec, at, kind)


def _node_ports(spec: Object, at: str, kind: str) -> Iterator[Cause]:
    used: set[tuple[str, int]] = set()
    for path, port in objects(spec, "ports", at):
        protocol, on_nodes = text(port, "protocol") or "TCP", number(port, "nodePort") or 0
        if on_nodes:
            yield from _node_port(on_nodes, f"{path}.nodePort", kind)
            if (protocol, on_nodes) in used:
                yield duplicate(f"{path}.nodePort", on_nodes)
            used.add((protocol, on_nodes))


def _node_port(port: int, at: str, kind: str) -> Iterator[Cause]:
    first, last = _NODE_PORTS
    if kind == "ClusterIP":
        yield forbidden(at, "may not be used when `type` is 'ClusterIP'")
    elif not first <= port <= last:
        detail = (
            f"provided port is not in the valid range. The range of valid ports is {first}-{last}"
        )
        yield invalid(at, port, detail)


def _affinity(spec: Object, at: str) -> Iterator[Cause]:
    seconds = number(fields(fields(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds")
    if (
        text(spec, "sessionAffinity") == "ClientIP"
        and seconds is not None
        and not 0 < seconds <= _LONGEST_AFFINITY
    ):
        path = f"{at}.sessionAffinityConfig.clientIP.timeoutSeconds"
        yield invalid(path, seconds, f"must be greater than 0 and less than {_LONGEST_AFFINITY}")


def _addresses(spec: Object, at: str, kind: str, scope: Scope) -> Iterator[Cause]:
    if kind == "ExternalName":
        return
    single, several = text(spec, "clusterIP"), many(spec, "clusterIPs")
    if single and several and several[0] != single:
        yield invalid(f"{at}.clusterIPs", several, "first value must match `clusterIP`")
    known = several or ([single] if single else [])
    families = many(spec, "ipFamilies")
    yield from _families(families, f"{at}.ipFamilies")
    policy = text(spec, "ipFamilyPolicy")
    if policy == "SingleStack" and len(families) > 1:
        detail = (
            "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are "
            "specified"
        )
        yield invalid(f"{at}.ipFamilyPolicy", policy, detail)
    yield from _cluster_addresses(known, families, f"{at}.clusterIPs", scope)


def _families(families: list[Json], at: str) -> Iterator[Cause]:
    for index, family in enumerate(families):
        if family not in ("IPv4", "IPv6"):
            yield unsupported(f"{at}[{index}]", family, ("IPv4", "IPv6"))
        if family in families[:index]:
            yield duplicate(f"{at}[{index}]", family)


def _cluster_addresses(
    known: list[Json], families: list[Json], at: str, scope: Scope
) -> Iterator[Cause]:
    if known[:1] == ["None"]:
        if len(known) > 1:
            yield invalid(at, known, "'None' must be the first and only value")
        return
    if len(known) > 2:
        yield invalid(at, known, "may only hold up to 2 values")
    if _are_of_one_family(known):
        yield invalid(at, known, "may specify no more than one IP for each IP family")
    for index, name in enumerate(known):
        if isinstance(name, str):
            yield from address(f"{at}[{index}]", name, scope)
            family = families[index] if index < len(families) else None
            yield from _family(name, family, at, index)


def _are_of_one_family(addresses: list[Json]) -> bool:
    families = [ip_family(ip) for ip in addresses if isinstance(ip, str)]
    return len(families) == 2 and families[0] == families[1] != ""


def _family(ip: str, family: object, at: str, index: int) -> Iterator[Cause]:
    if family in ("IPv4", "IPv6") and ip_family(ip) not in ("", family):
        yield invalid(
            f"{at}[{index}]",
            ip,
            f"expected an {family} value as indicated by `ipFamilies[{index}]`",
        )


def _balancer(spec: Object, at: str, kind: str, scope: Scope) -> Iterator[Cause]:
    is_balancer = kind == "LoadBalancer"
    ranges = many(spec, "loadBalancerSourceRanges")
    if ranges and not is_balancer:
        yield forbidden(f"{at}.loadBalancerSourceRanges", _BALANCER_ONLY)
    for path, block in texts(spec, "loadBalancerSourceRanges", at):
        yield from network(path, block.strip(), scope)
    if not ranges:
        yield from _annotated_ranges(scope, is_balancer=is_balancer)
    if has(spec, "allocateLoadBalancerNodePorts") and not is_balancer:
        yield forbidden(f"{at}.allocateLoadBalancerNodePorts", _BALANCER_ONLY)
    if has(spec, "loadBalancerClass"):
        name = text(spec, "loadBalancerClass")
        if is_balancer:
            yield from each_invalid(f"{at}.loadBalancerClass", name, qualified_name(name))
        else:
            yield forbidden(f"{at}.loadBalancerClass", _BALANCER_ONLY)


def _annotated_ranges(scope: Scope, *, is_balancer: bool) -> Iterator[Cause]:
    ranges = text_map(fields(scope.root, "metadata"), "annotations").get(_RANGES)
    if ranges is None:
        return
    at = f"metadata.annotations[{_RANGES}]"
    if not is_balancer:
        yield forbidden(at, _BALANCER_ONLY)
    for block in ranges.split(",") if ranges.strip() else ():
        yield from network(at, block.strip(), scope)


def _traffic(spec: Object, at: str, kind: str, scope: Scope) -> Iterator[Cause]:
    distribution = spec.get("trafficDistribution")
    known = _DISTRIBUTIONS if scope.minor >= _SAME_NODE else _DISTRIBUTIONS[:1]
    if distribution is not None and distribution not in known:
        yield unsupported(f"{at}.trafficDistribution", distribution, known)
    yield from _external_traffic(spec, at, kind)


def _external_traffic(spec: Object, at: str, kind: str) -> Iterator[Cause]:
    policy, check = text(spec, "externalTrafficPolicy"), number(spec, "healthCheckNodePort") or 0
    reachable = kind in _EXTERNAL or (kind == "ClusterIP" and bool(many(spec, "externalIPs")))
    if policy and not reachable:
        yield invalid(
            f"{at}.externalTrafficPolicy",
            policy,
            "may only be set for externally-accessible services",
        )
    elif policy not in ("", "Cluster", "Local"):
        yield unsupported(f"{at}.externalTrafficPolicy", policy, ("Cluster", "Local"))
    if check:
        is_local = kind == "LoadBalancer" and policy == "Local"
        yield from _health_check(check, f"{at}.healthCheckNodePort", is_local=is_local)


def _health_check(port: int, at: str, *, is_local: bool) -> Iterator[Cause]:
    if is_local:
        yield from each_invalid(at, port, port_number(port))
        return
    detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    yield invalid(at, port, detail)


def endpoint_subset(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of one subset of an Endpoints object."""
    if not many(value, "addresses") and not many(value, "notReadyAddresses"):
        yield required(at, "must specify `addresses` or `notReadyAddresses`")
    for name in ("addresses", "notReadyAddresses"):
        for path, backend in objects(value, name, at):
            yield from endpoint(f"{path}.ip", text(backend, "ip"), scope)
            host = text(backend, "hostname")
            yield from each_invalid(f"{path}.hostname", host, dns_label(host) if host else ())
    yield from _endpoint_ports(value, at)


def _endpoint_ports(value: Object, at: str) -> Iterator[Cause]:
    for path, port in objects(value, "ports", at):
        name = text(port, "name")
        if name:
            yield from each_invalid(f"{path}.name", name, dns_label(name))
        elif len(many(value, "ports")) > 1:
            yield required(f"{path}.name")
        port_value = number(port, "port") or 0
        if port_number(port_value):
            yield invalid(f"{path}.port", port_value, between(1, 65535))
