"""How ready the pods are that traffic moves to: the judgement behind every switch of a Service or a route."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from policylint.model import Resource, ResourceId, Severity
from policylint.workload import at

SCALED = ("Deployment", "StatefulSet", "ReplicaSet")
"""Workloads that run as many pods as `spec.replicas` says."""


def readiness(
    old: Sequence[Resource], new: Sequence[Resource], created: Collection[ResourceId], keep: float
) -> tuple[Severity, str]:
    """(severity, reason) of a move: to no pods, to pods that are not there yet, to fewer pods, to what runs already.

    `created` are the resources that this upgrade creates; `keep` is the share of the old replicas that is enough.
    """
    had, has = (sum(replicas(found) for found in side) for side in (old, new))
    if has == 0:
        return Severity.ERROR, "it is scaled to zero on the after side, so nothing answers"
    if all(found.id in created for found in new):
        return Severity.WARNING, "it is created in the same upgrade, so nothing answers until its pods are ready"
    if has < had * keep:
        return Severity.WARNING, f"it has {has} replicas where {had} answered before"
    return Severity.NOTE, f"it runs already, with {has} replicas"


def replicas(workload: Resource) -> int:
    """The replicas of a workload as rendered; 1 for kinds that have no such number, and where none is rendered."""
    count = at(workload.body, "spec", "replicas") if workload.id.kind in SCALED else None
    return count if isinstance(count, int) else 1
