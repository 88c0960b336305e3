"""Where traffic goes when pods, Services or routes change: which Services to look at, how ready the
new pods are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from policylint.kubernetes.api.reading import NOTHING, at, part
from policylint.kubernetes.api.workloads import TEMPLATES, matches, pod_labels
from policylint.model import Created, Deleted, Kept, Resource, ResourceId, Severity, Upgrade

SCALED = ("Deployment", "StatefulSet", "ReplicaSet")
"""Workloads that run as many pods as `spec.replicas` says."""


def readiness(
    old: Sequence[Resource], new: Sequence[Resource], created: Collection[ResourceId], keep: float
) -> tuple[Severity, str]:
    """(severity, reason) of a move: to no pods, to pods that are not there yet, to fewer pods, to
    what runs already.

    `created` are the resources that this upgrade creates; `keep` is the share of the old replicas
    that is enough.
    """
    had, has = sum(map(replicas, old)), sum(map(replicas, new))
    if has == 0:
        return Severity.ERROR, "it is scaled to zero on the after side, so nothing answers"
    if all(workload.id in created for workload in new):
        return (
            Severity.WARNING,
            "it is created in the same upgrade, so nothing answers until its pods are ready",
        )
    if has < had * keep:
        return Severity.WARNING, f"it has {has} replicas where {had} answered before"
    return Severity.NOTE, f"it runs already, with {has} replicas"


def replicas(workload: Resource) -> int:
    """The replicas of a workload as rendered; 1 for kinds that have no such number, and where none
    is rendered."""
    if workload.id.kind in SCALED:
        count = at(workload.body, "spec", "replicas")
    else:
        count = None
    if isinstance(count, int):
        return count
    return 1


def unsettled(upgrade: Upgrade) -> Iterator[Kept]:
    """The kept Services that change, or that select pods which change; all others are left
    unread."""
    touched = _touched(upgrade)
    for change in upgrade.of("Service"):
        if not isinstance(change, Kept) or change.id.group:
            continue
        if change.fields or any(_takes(change.after, pods) for pods in touched):
            yield change


def _touched(upgrade: Upgrade) -> list[Resource]:
    """The workloads, of both sides, that this upgrade creates, changes or deletes."""
    workloads: list[Resource] = []
    for change in upgrade.of(*TEMPLATES):
        if isinstance(change, (Kept, Deleted)) and (isinstance(change, Deleted) or change.fields):
            workloads.append(change.before)
        if isinstance(change, (Kept, Created)) and (isinstance(change, Created) or change.fields):
            workloads.append(change.after)
    return workloads


def _takes(service: Resource, workload: Resource) -> bool:
    labels = pod_labels(workload) or NOTHING
    return service.id.namespace == workload.id.namespace and matches(
        part(service.body, "spec", "selector"), labels
    )
