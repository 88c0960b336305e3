"""Which Services an Ingress or a Gateway route sends traffic to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from policylint.kubernetes.api.reading import at, part, parts
from policylint.model import Json, Object, Resource, ResourceId

ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")
GATEWAY = "gateway.networking.k8s.io"
INGRESS = ("networking.k8s.io", "extensions")


class Backend(Struct, frozen=True):
    """One Service behind an Ingress or route: its identity, the port (number or name, None for
    none), the pointer."""

    service: ResourceId
    port: int | str | None
    path: str


def backends(resource: Resource) -> Iterator[Backend]:
    """The Services that a resource of networking.k8s.io or the Gateway API sends traffic to."""
    if resource.id.kind == "Ingress" and resource.id.group in INGRESS:
        yield from _ingress(resource)
    elif resource.id.kind in ROUTES and resource.id.group == GATEWAY:
        for number, rule in enumerate(parts(resource.body, "spec", "rules")):
            for index, backend in enumerate(parts(rule, "backendRefs")):
                if backend.get("kind", "Service") == "Service" and isinstance(
                    backend.get("name"), str
                ):
                    namespace = str(backend.get("namespace") or resource.id.namespace)
                    service = ResourceId("", "Service", namespace, str(backend["name"]))
                    yield Backend(
                        service,
                        _port(backend.get("port")),
                        f"/spec/rules/{number}/backendRefs/{index}",
                    )


def _ingress(resource: Resource) -> Iterator[Backend]:
    default = part(resource.body, "spec", "defaultBackend") or part(
        resource.body, "spec", "backend"
    )
    yield from _backend(resource, default, "/spec/defaultBackend")
    for number, rule in enumerate(parts(resource.body, "spec", "rules")):
        for index, path in enumerate(parts(rule, "http", "paths")):
            yield from _backend(
                resource,
                part(path, "backend"),
                f"/spec/rules/{number}/http/paths/{index}/backend",
            )


def _backend(resource: Resource, backend: Object, path: str) -> Iterator[Backend]:
    name = at(backend, "service", "name") or backend.get("serviceName")
    port = at(backend, "service", "port", "number") or at(backend, "service", "port", "name")
    if isinstance(name, str):
        service = ResourceId("", "Service", resource.id.namespace, name)
        yield Backend(service, _port(port or backend.get("servicePort")), path)


def _port(port: Json) -> int | str | None:
    if isinstance(port, (int, str)):
        return port
    return None


def has_port(service: Resource, port: int | str) -> bool:
    """Whether a Service has a port of this number or name."""
    return any(
        port in (entry.get("port"), entry.get("name"))
        for entry in parts(service.body, "spec", "ports")
    )


def hosts(resource: Resource) -> dict[str, set[str]]:
    """The hosts that an Ingress, a Gateway route, an OpenShift Route or an Istio VirtualService
    answers for, with their paths ("" for all)."""
    read = _HOSTS.get((resource.id.group, resource.id.kind))
    if read is not None:
        return read(resource.body)
    return {}


def _gateway_hosts(body: Object) -> dict[str, set[str]]:
    paths = {path for rule in parts(body, "spec", "rules") for path in _route_paths(rule)}
    return dict.fromkeys(_names(at(body, "spec", "hostnames")), paths)


def _service_hosts(body: Object) -> dict[str, set[str]]:
    return {name: {""} for name in _names(at(body, "spec", "hosts"))}


def _openshift_hosts(body: Object) -> dict[str, set[str]]:
    path = str(at(body, "spec", "path") or "")
    return {name: {path} for name in _names([at(body, "spec", "host")])}


def _ingress_hosts(body: Object) -> dict[str, set[str]]:
    by_host: dict[str, set[str]] = {}
    for entry in parts(body, "spec", "rules"):
        for name in _names([entry.get("host")]):
            paths = {str(path.get("path") or "") for path in parts(entry, "http", "paths")}
            by_host.setdefault(name, set()).update(paths or {""})
    return by_host


def _route_paths(rule: Object) -> set[str]:
    return {str(at(match, "path", "value") or "") for match in parts(rule, "matches")} or {""}


def _names(names: Json) -> list[str]:
    if isinstance(names, list):
        return [name for name in names if isinstance(name, str)]
    return []


_HOSTS: Mapping[tuple[str, str], Callable[[Object], dict[str, set[str]]]] = {
    **{(group, "Ingress"): _ingress_hosts for group in INGRESS},
    **{(GATEWAY, kind): _gateway_hosts for kind in ROUTES},
    ("networking.istio.io", "VirtualService"): _service_hosts,
    ("route.openshift.io", "Route"): _openshift_hosts,
}
"""How each kind says which hosts it answers for."""
