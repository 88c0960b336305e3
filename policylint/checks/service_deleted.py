"""A Service is deleted while its pods stay.

What happens: its name no longer resolves and its address is given back: what called it, inside or
outside the cluster, reaches nothing.

Why: the chart no longer renders the Service, or renders it under another name.

What to do instead: keep the Service for one upgrade beside its successor, and move the callers
first.
"""

from collections.abc import Iterator
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.backends import backends
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.workloads import behind, governing_service
from policylint.kubernetes.forecast.impact import KEEP, deleted
from policylint.kubernetes.manifests.renames import renames
from policylint.model import (
    Category,
    Created,
    Fix,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A Service goes and pods that it selects stay; silent where a new one selects them, and where
    a route or a StatefulSet still names it, which is told by itself."""
    if upgrade.after.resources:
        gone = list(deleted(upgrade, "Service"))
    else:
        gone = []
    if gone:
        told = _named(upgrade) | {old.id for old, _ in renames(upgrade)}
    else:
        told = set()
    for service in (change.before for change in gone):
        pods = behind(service, upgrade.after)
        if pods and service.id not in told and not _has_successor(service, upgrade):
            yield _deleted(service, pods)


def _deleted(service: Resource, pods: list[Resource]) -> Violation:
    name, namespace = service.id.name, service.id.namespace
    return Violation(
        message=f"this upgrade deletes {service.id}: what calls it reaches nothing",
        because=f"{', '.join(str(pod.id) for pod in pods[:3])} stays, "
        "without this name and address",
        resource=service.id,
        fixes=(
            Fix("keep rendering it until nothing calls it any more"),
            Fix(
                "keep it in the cluster",
                steps=(
                    f"kubectl annotate service {quote(name)} -n {quote(namespace)} {KEEP}=keep",
                ),
                cost="none: it stays, without an owner",
            ),
        ),
    )


def _named(upgrade: Upgrade) -> set[ResourceId]:
    """The Services that routes and StatefulSets of the after side name."""
    named: set[ResourceId] = set()
    for resource in upgrade.after.resources.values():
        named.update(backend.service for backend in backends(resource))
        governing = governing_service(resource)
        if governing is not None:
            named.add(governing)
    return named


def _has_successor(service: Resource, upgrade: Upgrade) -> bool:
    """Whether a new Service selects the same pods: then it is a new name."""
    selector = part(service.body, "spec", "selector")
    return any(
        isinstance(change, Created) and part(change.after.body, "spec", "selector") == selector
        for change in upgrade.of("Service")
    )
