"""A workload is deleted, and its pods stop.

What happens: Helm deletes the workload at the end of the upgrade; its pods end, and what they
served or did is served and done by nobody.

Why: the chart no longer renders it: a switch turned off, a component that left the chart.

What to do instead: see that nothing needs it any more; keep it switched on otherwise.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import NOTHING, part
from policylint.kubernetes.api.volumes import claim_templates
from policylint.kubernetes.api.workloads import matches, pod_labels
from policylint.kubernetes.forecast.impact import deleted
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

KINDS = ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "CronJob")


@rule(category=Category.DOWNTIME, severity=Severity.NOTE)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload goes that comes back under no other name or kind; a warning where a Service that
    stays sends traffic to it."""
    for workload in _gone(upgrade) if upgrade.after.resources else ():
        service = _service(workload, upgrade)
        because = "Helm deletes what a release no longer renders"
        yield Violation(
            message=f"this upgrade deletes {workload.id}: {_ends(workload)}",
            because=f"{because}; {service} stays and sends traffic to it" if service else because,
            resource=workload.id,
            severity=Severity.WARNING if service else None,
            fixes=(Fix("keep it switched on in the values, unless nothing needs it any more"),),
        )


def _gone(upgrade: Upgrade) -> Iterator[Resource]:
    """The workloads that neither stay nor come back."""
    renamed = {old.id for old, _ in renames(upgrade)}
    created = {_place(change.id) for change in upgrade.of(*KINDS) if isinstance(change, Created)}
    for change in deleted(upgrade, *KINDS):
        back = change.id in renamed or _place(change.id) in created
        if not back and not _holds_claims(change.before):
            yield change.before


def _holds_claims(workload: Resource) -> bool:
    """Whether statefulset-deleted tells of it."""
    return bool(claim_templates(workload))


def _place(identity: ResourceId) -> tuple[str, str]:
    """The name alone: a Deployment that becomes a StatefulSet is not gone."""
    return identity.namespace, identity.name


def _ends(workload: Resource) -> str:
    if workload.id.kind == "CronJob":
        return "its schedule ends"
    return "its pods stop"


def _service(workload: Resource, upgrade: Upgrade) -> ResourceId | None:
    """The Service of the after side that took the workload's pods."""
    labels = pod_labels(workload) or NOTHING
    for identity, service in upgrade.after.resources.items():
        if identity.kind != "Service" or identity.namespace != workload.id.namespace:
            continue
        if matches(part(service.body, "spec", "selector"), labels):
            return identity
    return None
