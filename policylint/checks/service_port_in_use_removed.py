"""A Service port that others use goes away.

What happens: what still uses the port (an Ingress, a route) reaches nothing.

Why: the port, or its name, changed on the Service but not on what refers to it.

What to do instead: change both together, or keep the old port beside the new one for one upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.backends import backends, has_port
from policylint.model import Category, Fix, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """An Ingress or HTTPRoute of the after side names a port that its Service had before and has no
    more."""
    for resource in upgrade.after.resources.values():
        by_port = {(way.service, way.port): way for way in reversed([*backends(resource)])}
        for backend in by_port.values():
            old, new = (
                side.resources.get(backend.service) for side in (upgrade.before, upgrade.after)
            )
            if old is None or new is None or backend.port is None:
                continue
            if has_port(old, backend.port) and not has_port(new, backend.port):
                yield Violation(
                    message=f"{resource.id} still sends traffic to port {backend.port} of "
                    f"{new.id}, which goes away",
                    path=backend.path,
                    after=backend.port,
                    resource=resource.id,
                    fixes=(Fix("keep the port on the Service, or change the backend too"),),
                )
