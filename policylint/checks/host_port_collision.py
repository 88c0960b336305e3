"""Two workloads of the release ask for one host port.

What happens: pods of both cannot run on one node: with a DaemonSet among them, one of the two never
starts there.

Why: the same hostPort (or port under hostNetwork) is written twice.

What to do instead: give each its own host port.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, number, part, parts, text
from policylint.kubernetes.api.workloads import containers, pod_template, workloads
from policylint.model import Category, Fix, Object, Resource, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """One (protocol, host port) on two workloads of the after side, at least one of them a
    DaemonSet."""
    owners: dict[tuple[str, int], list[Resource]] = {}
    for workload in workloads(upgrade.after):
        for key in _host_ports(pod_template(workload) or {}):
            neighbours = owners.setdefault(key, [])
            owner = next(
                (neighbour for neighbour in neighbours if _meet(neighbour, workload)), None
            )
            neighbours.append(workload)
            if owner is not None:
                yield Violation(
                    message=f"{workload.id} asks for host port {key[1]}, "
                    f"which {owner.id} has on every node",
                    after=key[1],
                    resource=workload.id,
                    fixes=(Fix("use another host port"),),
                )


def _meet(first: Resource, second: Resource) -> bool:
    """Whether one of two is a DaemonSet, and their node selectors allow one node for both."""
    first_nodes, second_nodes = (
        part(pod_template(workload) or {}, "spec", "nodeSelector") for workload in (first, second)
    )
    apart = any(
        first_nodes[label] != second_nodes[label]
        for label in first_nodes.keys() & second_nodes.keys()
    )
    return "DaemonSet" in (first.id.kind, second.id.kind) and not apart


def _host_ports(template: Object) -> set[tuple[str, int]]:
    shared = at(template, "spec", "hostNetwork") is True
    return {
        (text(port, "protocol") or "TCP", taken)
        for path, container in containers(template)
        if "/initContainers/" not in path
        for port in parts(container, "ports")
        if (
            taken := number(port, "hostPort") or (number(port, "containerPort") if shared else None)
        )
    }
