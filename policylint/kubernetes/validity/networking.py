"""Ingresses, their classes, NetworkPolicies, service ranges and addresses
(pkg/apis/networking/validation)."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    required,
    too_long,
    too_many,
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
from policylint.kubernetes.validity.addresses import (
    address,
    canonical_address,
    canonical_network,
    network,
    reachable,
)
from policylint.kubernetes.validity.formats import (
    between,
    dns_1035_label,
    dns_label,
    dns_subdomain,
    interface_of,
    ip_family,
    ip_of,
    label_value,
    port_name,
    port_number,
    wildcard_subdomain,
)
from policylint.kubernetes.validity.names import path_segment
from policylint.kubernetes.validity.references import domain_path_errors
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

_CLASS = "kubernetes.io/ingress.class"
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_PARTS = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS = ("/..", "/.")
_RELAXED_SERVICES = 36
_MOST_HINTS = 8
_MOST_PORTS = 20_000
_MOST_ENDPOINTS = 1000
_MOST_ADDRESSES = 100
_FAMILIES = ("IPv4", "IPv6")
_CANONICAL = 33
"""The first minor that wants the IPv6 addresses of endpoints in canonical form."""


def ingress(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of an Ingress's spec."""
    if not many(spec, "rules") and not has(spec, "defaultBackend"):
        yield invalid(at, spec.get("rules"), "either `defaultBackend` or `rules` must be specified")
    for path, rule in objects(spec, "rules", at):
        host = text(rule, "host")
        if host and ip_of(host) is not None:
            yield invalid(f"{path}.host", host, "must be a DNS name, not an IP address")
        yield from _host(host, f"{path}.host")
        if has(rule, "http") and not many(fields(rule, "http"), "paths"):
            yield required(f"{path}.http.paths")
    for path, tls in objects(spec, "tls", at):
        for place, host in texts(tls, "hosts", path):
            yield from _host(host, place, empty=True)
    yield from _class_annotation(spec, scope)


def _class_annotation(spec: Object, scope: Scope) -> Iterator[Cause]:
    wanted = text_map(fields(scope.root, "metadata"), "annotations").get(_CLASS)
    name = text(spec, "ingressClassName")
    if wanted is not None and name and wanted != name:
        detail = "must match `ingressClassName` when both are specified"
        yield invalid(f"metadata.annotations[{_CLASS}]", wanted, detail)


def _host(host: str, at: str, *, empty: bool = False) -> Iterator[Cause]:
    if host or empty:
        yield from each_invalid(
            at, host, (wildcard_subdomain if "*" in host else dns_subdomain)(host)
        )


def ingress_path(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of one path of an Ingress rule."""
    kind, path = text(value, "pathType"), text(value, "path")
    if not kind:
        yield required(f"{at}.pathType", "pathType must be specified")
        return
    if kind not in _PATH_TYPES:
        yield unsupported(f"{at}.pathType", kind, _PATH_TYPES)
    elif not path.startswith("/") and (path or kind != "ImplementationSpecific"):
        yield invalid(f"{at}.path", path, "must be an absolute path")
    if kind in ("Exact", "Prefix"):
        yield from _plain_path(path, f"{at}.path")


def _plain_path(path: str, at: str) -> Iterator[Cause]:
    for part in _BAD_PARTS:
        if part in path:
            yield invalid(at, path, f"must not contain '{part}'")
    for end in _BAD_ENDS:
        if path.endswith(end):
            yield invalid(at, path, f"cannot end with '{end}'")


def ingress_backend(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a backend of an Ingress."""
    if has(value, "service") and has(value, "resource"):
        yield invalid(at, "", "cannot set both resource and service backends")
    elif has(value, "service"):
        yield from _service_backend(fields(value, "service"), at, scope)
    elif has(value, "resource"):
        yield from _reference(fields(value, "resource"), f"{at}.resource")
    else:
        yield invalid(at, "", "resource or service backend is required")


def _service_backend(service: Object, at: str, scope: Scope) -> Iterator[Cause]:
    name, port = text(service, "name"), fields(service, "port")
    complaints = (dns_label if scope.minor >= _RELAXED_SERVICES else dns_1035_label)(name)
    yield from (
        each_invalid(f"{at}.service.name", name, complaints)
        if name
        else [required(f"{at}.service.name")]
    )
    called, port_of_service = text(port, "name"), number(port, "number") or 0
    if called and port_of_service:
        yield invalid(at, "", "cannot set both port name & port number")
    elif called:
        yield from each_invalid(f"{at}.service.port.name", called, port_name(called))
    elif port_of_service:
        yield from each_invalid(
            f"{at}.service.port.number", port_of_service, port_number(port_of_service)
        )
    else:
        yield required(at, "port name or number is required")


def _reference(value: Object, at: str) -> Iterator[Cause]:
    for name in ("kind", "name"):
        segment = text(value, name)
        yield from (
            each_invalid(f"{at}.{name}", segment, path_segment(segment))
            if segment
            else [required(f"{at}.{name}")]
        )
    group = value.get("apiGroup")
    if isinstance(group, str):
        yield from each_invalid(f"{at}.apiGroup", group, dns_subdomain(group))


def ingress_class(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an IngressClass's spec."""
    controller = text(spec, "controller")
    if len(controller) > 250:
        yield too_long(f"{at}.controller", 250)
    yield from domain_path_errors(controller, f"{at}.controller")
    if has(spec, "parameters"):
        yield from _parameters(fields(spec, "parameters"), f"{at}.parameters")


def _parameters(value: Object, at: str) -> Iterator[Cause]:
    yield from _reference(value, at)
    if has(value, "scope"):
        scope = text(value, "scope")
    else:
        scope = "Cluster"
    if scope not in ("Cluster", "Namespace"):
        yield unsupported(f"{at}.scope", scope, ("Cluster", "Namespace"))
    elif scope == "Namespace":
        name = text(value, "namespace")
        missing = required(f"{at}.namespace", "`parameters.scope` is set to 'Namespace'")
        yield from (
            each_invalid(f"{at}.namespace", name, dns_label(name))
            if has(value, "namespace")
            else [missing]
        )
    elif has(value, "namespace"):
        yield forbidden(f"{at}.namespace", "`parameters.scope` is set to 'Cluster'")


def policy_port(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a port of a NetworkPolicy."""
    first, last = value.get("port"), number(value, "endPort")
    if last is None:
        return
    if first is None:
        yield invalid(f"{at}.endPort", last, "may not be specified when `port` is not specified")
    elif isinstance(first, str):
        yield invalid(f"{at}.endPort", last, "may not be specified when `port` is non-numeric")
    elif isinstance(first, (int, float)):
        if last < first:
            yield invalid(f"{at}.endPort", first, "must be greater than or equal to `port`")
        if port_number(last):
            yield invalid(f"{at}.endPort", last, between(1, 65535))


def policy_peer(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a peer of a NetworkPolicy."""
    kinds = [name for name in ("podSelector", "namespaceSelector", "ipBlock") if has(value, name)]
    if not kinds:
        yield required(at, "must specify a peer")
    elif len(kinds) > 1 and "ipBlock" in kinds:
        yield forbidden(at, "may not specify both ipBlock and another peer")
    if has(value, "ipBlock"):
        yield from _ip_block(fields(value, "ipBlock"), f"{at}.ipBlock", scope)


def _ip_block(block: Object, at: str, scope: Scope) -> Iterator[Cause]:
    whole = text(block, "cidr")
    if not whole:
        yield required(f"{at}.cidr")
        return
    yield from network(f"{at}.cidr", whole, scope)
    for path, part in texts(block, "except", at):
        yield from network(path, part, scope)
        if not _strictly_within(part, whole):
            yield invalid(path, part, "must be a strict subset of `cidr`")


def _strictly_within(part: str, whole: str) -> bool:
    """Whether a network is a part of another; true of what is no network, which has its own
    error."""
    inner, outer = interface_of(part), interface_of(whole)
    if inner is None or outer is None:
        return True
    same = inner.version == outer.version and inner.network.network_address in outer.network
    return same and outer.network.prefixlen < inner.network.prefixlen


def policy(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a NetworkPolicy's spec."""
    types = many(spec, "policyTypes")
    if len(types) > 2:
        yield invalid(f"{at}.policyTypes", types, "may not specify more than two policyTypes")
        return
    for path, direction in texts(spec, "policyTypes", at):
        if direction not in ("Ingress", "Egress"):
            yield unsupported(path, direction, ("Ingress", "Egress"))


def service_cidr(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a ServiceCIDR's spec."""
    ranges = many(spec, "cidrs")
    if not ranges:
        yield required(f"{at}.cidrs", "at least one CIDR required")
    elif len(ranges) > 2:
        yield invalid(f"{at}.cidrs", {"CIDRs": ranges}, "may only hold up to 2 values")
        return
    for path, block in texts(spec, "cidrs", at):
        yield from canonical_network(path, block)
    networks = [interface_of(block) for _, block in texts(spec, "cidrs", at)]
    families = {network.version for network in networks if network is not None}
    if len(networks) == 2 and None not in networks and len(families) == 1:
        detail = (
            "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and "
            "2001:db8::/64"
        )
        yield invalid(f"{at}.cidrs", ranges, detail)


def ip_address_parent(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an IPAddress's spec."""
    if not has(spec, "parentRef"):
        yield required(f"{at}.parentRef")
        return
    parent = fields(spec, "parentRef")
    for name in ("resource", "name"):
        segment = text(parent, name)
        where = f"{at}.parentRef.{name}"
        yield from (
            each_invalid(where, segment, path_segment(segment)) if segment else [required(where)]
        )
    group, namespace = text(parent, "group"), text(parent, "namespace")
    yield from each_invalid(f"{at}.parentRef.group", group, dns_subdomain(group) if group else ())
    yield from each_invalid(f"{at}.parentRef.namespace", namespace, path_segment(namespace))


def _endpoint_address(target: str, at: str, kind: str, scope: Scope) -> Iterator[Cause]:
    if kind == "FQDN":
        name = target.removesuffix(".")
        if dns_subdomain(name):
            yield invalid(at, name, ",".join(dns_subdomain(name)))
        elif "." not in name:
            yield invalid(
                at, name, "should be a domain with at least two segments separated by dots"
            )
        return
    malformed = list(_malformed(target, at, kind, scope))
    yield from malformed
    if not malformed and kind in _FAMILIES and ip_family(target) != kind:
        yield invalid(at.rpartition("[")[0], target, f"must be an {kind} address")
    yield from reachable(at, target)


def _malformed(target: str, at: str, kind: str, scope: Scope) -> Iterator[Cause]:
    if kind == "IPv6" and scope.minor >= _CANONICAL:
        return canonical_address(at, target)
    return address(at, target, scope)


def hints(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of the zones and nodes that an endpoint is meant for."""
    for name, complaints in (("forZones", label_value), ("forNodes", dns_subdomain)):
        count = len(many(value, name))
        if count > _MOST_HINTS:
            yield too_many(f"{at}.{name}", count, _MOST_HINTS)
            return
        seen: set[str] = set()
        for path, hint in objects(value, name, at):
            zone_or_node = text(hint, "name")
            if zone_or_node in seen:
                yield duplicate(f"{path}.name", zone_or_node)
            seen.add(zone_or_node)
            yield from each_invalid(f"{path}.name", zone_or_node, complaints(zone_or_node))


def _address_count(count: int, at: str) -> Iterator[Cause]:
    if not count:
        yield required(at, "must contain at least 1 address")
    elif count > _MOST_ADDRESSES:
        yield too_many(at, count, _MOST_ADDRESSES)


def endpoint_slice(obj: Object, _at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of an EndpointSlice."""
    kind = text(obj, "addressType")
    if not kind:
        yield required("addressType")
    count = len(many(obj, "ports"))
    if count > _MOST_PORTS:
        yield too_many("ports", count, _MOST_PORTS)
        return
    seen: set[str] = set()
    for path, port in objects(obj, "ports", ""):
        name = text(port, "name")
        yield from each_invalid(f"{path}.name", name, dns_label(name) if name else ())
        if name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)
    count = len(many(obj, "endpoints"))
    if count > _MOST_ENDPOINTS:
        yield too_many("endpoints", count, _MOST_ENDPOINTS)
        return
    for path, backend in objects(obj, "endpoints", ""):
        yield from _address_count(len(many(backend, "addresses")), f"{path}.addresses")
        for place, target in texts(backend, "addresses", path):
            yield from _endpoint_address(target, place, kind, scope)
