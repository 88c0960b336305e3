"""A Service port goes away or gets another number.

What happens: what calls the Service at the old port is refused: other releases, configuration
outside of the chart, load balancer listeners.

Why: the port of a kept Service was dropped or renumbered.

What to do instead: keep the old port beside the new one until nothing calls it any more.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.backends import backends
from policylint.kubernetes.api.workloads import items
from policylint.model import Category, Fix, Kept, Object, Severity, Upgrade, Violation

Port = tuple[object, object]
"""(protocol, number)."""


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A protocol and number that a kept Service had and has no more; silent where a route of this
    release names the port, which is told by itself."""
    routed = {
        (backend.service, backend.port)
        for resource in upgrade.after.resources.values()
        for backend in backends(resource)
    }
    for change in upgrade.of("Service"):
        if not isinstance(change, Kept) or change.id.group or not change.fields:
            continue
        after = _ports(change.after.body)
        for port, entry in _ports(change.before.body).items():
            asked = {(change.id, entry.get("port")), (change.id, entry.get("name"))}
            if port not in after and not asked & routed:
                yield _removed(change, entry, after)


def _ports(body: Object) -> dict[Port, Object]:
    return {
        (port.get("protocol", "TCP"), port.get("port")): port
        for port in items(body, "spec", "ports")
    }


def _removed(change: Kept, port: Object, after: dict[Port, Object]) -> Violation:
    number, name = port.get("port"), port.get("name")
    moved = [later.get("port") for later in after.values() if name and later.get("name") == name]
    becomes = f": {name} is {moved[0]} now" if moved else ""
    return Violation(
        message=f"what calls {change.id} at port {number} is refused{becomes}",
        because="the port goes away in this upgrade",
        path="/spec/ports",
        before=number,
        after=moved[0] if moved else None,
        resource=change.id,
        fixes=(Fix(f"keep port {number} on the Service, beside the new one if there is one"),),
    )
