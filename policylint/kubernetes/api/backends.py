"""Which Services an Ingress or a Gateway route sends traffic to."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from policylint.kubernetes.api.workloads import at, items, mapping
from policylint.model import Json, Object, Resource, ResourceId

ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")


class Backend(Struct, frozen=True):
    """One Service behind an Ingress or route: its identity, the port (number or name, None for
    none), the pointer."""

    service: ResourceId
    port: int | str | None
    path: str


def backends(resource: Resource) -> Iterator[Backend]:
    """The Services that a resource of networking.k8s.io or the Gateway API sends traffic to."""
    if resource.id.kind == "Ingress" and resource.id.group in ("networking.k8s.io", "extensions"):
        yield from _ingress(resource)
    elif resource.id.kind in ROUTES and resource.id.group == "gateway.networking.k8s.io":
        for number, rule in enumerate(items(resource.body, "spec", "rules")):
            for index, backend in enumerate(items(rule, "backendRefs")):
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
    default = mapping(resource.body, "spec", "defaultBackend") or mapping(
        resource.body, "spec", "backend"
    )
    yield from _backend(resource, default, "/spec/defaultBackend")
    for number, rule in enumerate(items(resource.body, "spec", "rules")):
        for index, path in enumerate(items(rule, "http", "paths")):
            yield from _backend(
                resource,
                mapping(path, "backend"),
                f"/spec/rules/{number}/http/paths/{index}/backend",
            )


def _backend(resource: Resource, backend: Object, path: str) -> Iterator[Backend]:
    name = at(backend, "service", "name") or backend.get("serviceName")
    port = at(backend, "service", "port", "number") or at(backend, "service", "port", "name")
    if isinstance(name, str):
        service = ResourceId("", "Service", resource.id.namespace, name)
        yield Backend(service, _port(port or backend.get("servicePort")), path)


def _port(port: Json) -> int | str | None:
    return port if isinstance(port, (int, str)) else None


def has_port(service: Resource, port: int | str) -> bool:
    """Whether a Service has a port of this number or name."""
    return any(
        port in (entry.get("port"), entry.get("name"))
        for entry in items(service.body, "spec", "ports")
    )
