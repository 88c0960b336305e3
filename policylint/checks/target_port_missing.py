"""A Service sends to a port that its pods do not name.

What happens: the Service port has no endpoints: connections are refused.

Why: targetPort is the name of a container port, and no container of the selected pods has a port of
that name any more.

What to do instead: rename the container port and targetPort together, or use the number.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import parts
from policylint.kubernetes.api.traffic import unsettled
from policylint.kubernetes.api.workloads import behind, containers, pod_template
from policylint.model import (
    Category,
    Created,
    Fix,
    Kept,
    Manifest,
    Resource,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A named targetPort that no pod behind the Service has, in a Service that is new or was in
    order before."""
    created = [
        change
        for change in upgrade.of("Service")
        if isinstance(change, Created) and not change.id.group
    ]
    services: list[Created | Kept] = [*unsettled(upgrade), *created]
    for change in services:
        if isinstance(change, Kept):
            old = _unmet(change.before, upgrade.before)
        else:
            old = {}
        for name, path in _unmet(change.after, upgrade.after).items():
            if name not in old:
                yield Violation(
                    message=f"{change.id} sends to the container port {name}, "
                    "which none of its pods has",
                    because="the port of the Service then has no endpoints",
                    path=path,
                    after=name,
                    resource=change.id,
                    fixes=(Fix("name the container port so, or use its number as targetPort"),),
                )


def _unmet(service: Resource, side: Manifest) -> dict[str, str]:
    """The named target ports that no selected pod has, with their pointers; none where it selects
    nothing here."""
    pods = behind(service, side)
    names = {port.get("name") for workload in pods for port in _ports(workload)}
    return {
        str(port["targetPort"]): f"/spec/ports/{index}/targetPort"
        for index, port in enumerate(parts(service.body, "spec", "ports"))
        if pods and _is_name(port.get("targetPort")) and port["targetPort"] not in names
    }


def _is_name(target: object) -> bool:
    return isinstance(target, str) and not target.isdigit() and bool(target)


def _ports(workload: Resource) -> Iterator[dict[str, object]]:
    for _, container in containers(pod_template(workload) or {}):
        yield from (dict(port) for port in parts(container, "ports"))
