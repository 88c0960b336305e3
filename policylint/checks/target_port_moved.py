"""A Service port leads to another port of the same pods.

What happens: callers reach another listener of the process: metrics or an administration page
instead of the application, plain HTTP instead of TLS.

Why: targetPort changes to another port of the pods, while they still have the old one.

What to do instead: keep targetPort, unless the application has moved to that port.
"""

from collections.abc import Iterator, Mapping

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import parts
from policylint.kubernetes.api.traffic import unsettled
from policylint.kubernetes.api.workloads import behind, containers, pod_template
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Json,
    Manifest,
    Object,
    Resource,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A port that stays, with another number behind it than before, and the old one still there."""
    for change in unsettled(upgrade):
        old = _targets(change.before, upgrade.before)
        declared = set(_declared(change.after, upgrade.after).values())
        for port, (number, path) in _targets(change.after, upgrade.after).items():
            was = old[port][0] if port in old else number
            if number != was and {number, was} <= declared:
                yield Violation(
                    message=f"port {port[0]} of {change.id} leads to port {number} of its pods "
                    f"instead of {was}",
                    because=f"the pods still have port {was} too",
                    path=path,
                    before=was,
                    after=number,
                    resource=change.id,
                    fixes=(Fix("keep targetPort, unless the application has moved to that port"),),
                )


def _targets(service: Resource, side: Manifest) -> dict[tuple[Json, Json], tuple[Json, str]]:
    """(container port, pointer) by (port, protocol) of a Service, names as their numbers."""
    named = _declared(service, side)
    targets: dict[tuple[Json, Json], tuple[Json, str]] = {}
    for index, port in enumerate(parts(service.body, "spec", "ports")):
        target = port.get("targetPort") or port.get("port")
        key = port.get("port"), port.get("protocol", "TCP")
        if all(isinstance(name, (str, int)) for name in (target, *key)):
            targets[key] = named.get(target, target), f"/spec/ports/{index}/targetPort"
    return targets


def _declared(service: Resource, side: Manifest) -> Mapping[Json, Json]:
    """The container ports of the pods behind a Service, by name and by number."""
    declared: dict[Json, Json] = {}
    for workload in behind(service, side):
        for _, container in containers(pod_template(workload) or {}):
            for port in parts(container, "ports"):
                declared |= _names(port)
    return declared


def _names(port: Object) -> dict[Json, Json]:
    """The number of a container's port by its number and its name, what is none of these left
    out."""
    number, name = port.get("containerPort"), port.get("name")
    if not isinstance(number, int):
        return {}
    if isinstance(name, str):
        return {number: number, name: number}
    return {number: number}
