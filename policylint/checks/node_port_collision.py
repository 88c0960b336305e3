"""Two Services of the release ask for one node port.

What happens: the API server refuses the second one: provided port is already allocated.

Why: the same nodePort is written twice.

What to do instead: give each Service its own node port, or leave the choice to the cluster.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import items
from policylint.model import Category, Fix, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """One (protocol, nodePort) on two Services of the after side."""
    owners: dict[tuple[object, object], str] = {}
    for identity, resource in upgrade.after.resources.items():
        if identity.kind != "Service" or identity.group:
            continue
        for index, port in enumerate(items(resource.body, "spec", "ports")):
            number = port.get("nodePort")
            if not number:
                continue
            key = (port.get("protocol", "TCP"), number)
            owner = owners.setdefault(key, str(identity))
            if owner != str(identity):
                yield Violation(
                    message=f"{identity} asks for node port {number}, which {owner} has",
                    path=f"/spec/ports/{index}/nodePort",
                    after=number,
                    resource=identity,
                    fixes=(Fix("use another node port, or none: the cluster chooses"),),
                )
