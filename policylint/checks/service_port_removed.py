"""A Service port goes away or gets another number.

What happens: what calls the Service at the old port is refused: other releases, configuration
outside of the chart, load balancer listeners.

Why: the port, or the node port, of a kept Service was dropped or renumbered.

What to do instead: keep the old port beside the new one until nothing calls it any more.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.backends import backends, has_port
from policylint.kubernetes.api.reading import part, parts, text
from policylint.model import (
    Category,
    Fix,
    Json,
    Kept,
    Object,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)
from policylint.runtime.sentences import first_of

Port = tuple[object, object]
"""(protocol, number)."""
EXTERNAL = ("NodePort", "LoadBalancer")
SHOWN = 3


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A protocol and number that kept Services had and have no more, one violation for each such
    change; silent where a route of this release still names the port, which is told by itself.
    And node ports of one's own choice that change."""
    moved: dict[tuple[Json, Json], list[ResourceId]] = {}
    for change in upgrade.of("Service"):
        if isinstance(change, Kept) and not change.id.group and change.fields:
            for entry, becomes in _gone(upgrade, change):
                moved.setdefault((_named(entry), becomes), []).append(change.id)
            yield from _node_ports(change)
    for (port, becomes), services in moved.items():
        yield _removed(services, port, becomes)


def _gone(upgrade: Upgrade, change: Kept) -> Iterator[tuple[Object, Json]]:
    """(port, what takes its name) of each port that nobody in this release names any more."""
    after = _ports(change.after.body)
    for port, entry in _ports(change.before.body).items():
        if port not in after and not _is_routed(upgrade, change, entry):
            name = entry.get("name")
            later = [_named(new) for new in after.values() if name and new.get("name") == name]
            yield entry, later[0] if later else None


def _is_routed(upgrade: Upgrade, change: Kept, entry: Object) -> bool:
    """Whether a route of the after side names what the Service has no more."""
    return any(
        backend.service == change.id
        and backend.port in (entry.get("port"), entry.get("name"))
        and not has_port(change.after, backend.port)
        for resource in upgrade.after.resources.values()
        for backend in backends(resource)
        if backend.port is not None
    )


def _named(entry: Object) -> str:
    protocol = entry.get("protocol") or "TCP"
    return f"{entry.get('port')}{'' if protocol == 'TCP' else f'/{protocol}'}"


def _ports(body: Object) -> dict[Port, Object]:
    return {
        (text(port, "protocol") or "TCP", port["port"]): port
        for port in parts(body, "spec", "ports")
        if isinstance(port.get("port"), int | str)
    }


def _removed(services: list[ResourceId], port: Json, becomes: Json) -> Violation:
    names = first_of(list(map(str, services)), SHOWN)
    now = f": it is port {becomes} now" if becomes else ""
    return Violation(
        message=f"what calls {names} at port {port} is refused{now}",
        because="the port goes away in this upgrade",
        path="/spec/ports",
        before=port,
        after=becomes,
        resource=services[0],
        fixes=(
            Fix(
                f"keep port {port} on the Service"
                + (f" beside {becomes}, under another name" if becomes else "")
            ),
        ),
    )


def _node_ports(change: Kept) -> Iterator[Violation]:
    """Node ports that the chart chose, on Services that keep the port itself."""
    if part(change.after.body, "spec").get("type") not in EXTERNAL:
        return
    after = _ports(change.after.body)
    for port, entry in _ports(change.before.body).items():
        old, new = entry.get("nodePort"), after.get(port, {}).get("nodePort")
        if old and new and old != new:
            yield Violation(
                message=f"what calls {change.id} at node port {old} is refused: it is {new} now",
                because="the node port changes in this upgrade",
                path="/spec/ports",
                before=old,
                after=new,
                resource=change.id,
                fixes=(Fix(f"keep nodePort: {old}, or add a second Service with {new}"),),
            )
