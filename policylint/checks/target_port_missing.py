"""A Service sends to a port that its pods do not name.

What happens: the Service port has no endpoints, or nothing listens behind it: connections are
refused.

Why: targetPort is the name of a container port, and no container of the selected pods has a port of
that name any more. A number needs no such port; where the pods declared it until now and declare
others instead, the process has likely moved.

What to do instead: rename the container port and targetPort together, or use the number.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import parts
from policylint.kubernetes.api.traffic import unsettled
from policylint.kubernetes.api.workloads import behind, containers, pod_template
from policylint.model import (
    Category,
    Confidence,
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
        if isinstance(change, Kept):
            yield from _moved(change, upgrade)


def _moved(change: Kept, upgrade: Upgrade) -> Iterator[Violation]:
    """Numbers that the pods declared behind a port of the Service, and no longer declare."""
    old, new = _numbers(change.before), _numbers(change.after)
    was = _declared(behind(change.before, upgrade.before))
    declared = _declared(behind(change.after, upgrade.after))
    for port, (target, path) in new.items():
        declared_before = port in old and old[port][0] in was
        if declared and declared_before and target not in declared:
            listed = ", ".join(map(str, sorted(declared)))
            yield Violation(
                message=f"{change.id} sends port {port[0]} to {target}, "
                "which its pods do not declare",
                because=f"they declare {listed}, and declared {old[port][0]} behind this port "
                "until now; a number works without, where the process listens there",
                path=path,
                before=None if old[port][0] == target else old[port][0],
                after=target,
                severity=Severity.WARNING,
                confidence=Confidence.LIKELY,
                resource=change.id,
                fixes=(
                    Fix("change targetPort and the container's port together"),
                    Fix("use the name of the container port as targetPort, which moves along"),
                ),
            )


Ports = dict[tuple[str, str], tuple[int, str]]
"""(target, pointer) by (port, protocol)."""


def _numbers(service: Resource) -> Ports:
    """The ports of a Service that it sends to a number."""
    numbers: Ports = {}
    for index, port in enumerate(parts(service.body, "spec", "ports")):
        target = port.get("targetPort") or port.get("port")
        if isinstance(target, int):
            key = str(port.get("port")), str(port.get("protocol", "TCP"))
            field = "targetPort" if port.get("targetPort") else "port"
            numbers[key] = target, f"/spec/ports/{index}/{field}"
    return numbers


def _declared(pods: list[Resource]) -> set[int]:
    numbers = (port.get("containerPort") for workload in pods for port in _ports(workload))
    return {number for number in numbers if isinstance(number, int)}


def _unmet(service: Resource, side: Manifest) -> dict[str, str]:
    """The named target ports that no selected pod has, with their pointers; none where it selects
    nothing here."""
    pods = behind(service, side)
    names = {str(port.get("name")) for workload in pods for port in _ports(workload)}
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
