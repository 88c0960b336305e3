"""A route leads to a Service, or to a port of one, that is not there.

What happens: requests for the path are answered with 503 (or 500) by the controller.

Why: the Service that an Ingress or a Gateway route names is deleted or renamed in this upgrade, or
the route names another port, which its Service does not have.

What to do instead: change the backend together with the Service, or keep the Service.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.backends import Backend, backends, has_port
from policylint.kubernetes.api.reading import parts
from policylint.kubernetes.forecast.impact import deleted
from policylint.model import (
    Category,
    Change,
    Deleted,
    Fix,
    Kept,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A backend of the after side is a Service that this upgrade deletes, or a port that comes in
    with this upgrade and that its Service does not have."""
    gone = _gone(upgrade)
    for resource in upgrade.after.resources.values() if gone else ():
        routed = {backend.service: backend for backend in reversed([*backends(resource)])}
        for service in sorted(gone & routed.keys()):
            yield _missing(resource, routed[service])
    for change in upgrade.changes:
        yield from _without_port(upgrade, change)


def _gone(upgrade: Upgrade) -> set[ResourceId]:
    return {change.id for change in deleted(upgrade, "Service")}


def _missing(resource: Resource, backend: Backend) -> Violation:
    return Violation(
        message=f"{resource.id} sends traffic to {backend.service}, which this upgrade deletes",
        path=backend.path,
        after=backend.service.name,
        resource=resource.id,
        fixes=(Fix(f"keep {backend.service}, or name the Service that takes its place"),),
    )


def _without_port(upgrade: Upgrade, change: Change) -> Iterator[Violation]:
    """Ports that a route names newly and that its Service, of this release, does not have."""
    if isinstance(change, Deleted) or (isinstance(change, Kept) and not change.fields):
        return
    if isinstance(change, Kept):
        known = _named(change.before)
    else:
        known = set()
    for backend in backends(change.after):
        service = upgrade.after.resources.get(backend.service)
        if service is None or backend.port is None or (backend.service, backend.port) in known:
            continue
        if not has_port(service, backend.port):
            yield _no_port(change.id, backend, service)


def _no_port(route: ResourceId, backend: Backend, service: Resource) -> Violation:
    ports = ", ".join(str(port.get("port")) for port in parts(service.body, "spec", "ports"))
    return Violation(
        message=f"{route} sends traffic to port {backend.port} of {service.id}, "
        "which the Service does not have",
        because=f"its ports are {ports}",
        path=backend.path,
        after=backend.port,
        resource=route,
        fixes=(Fix(f"name a port of {service.id}, or add {backend.port} to it"),),
    )


def _named(route: Resource) -> set[tuple[ResourceId, int | str | None]]:
    return {(backend.service, backend.port) for backend in backends(route)}
