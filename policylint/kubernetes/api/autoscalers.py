"""Which workload each autoscaler of a side scales."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.reading import at, part
from policylint.kubernetes.api.schemas import group_of
from policylint.model import Manifest, Resource, ResourceId

AUTOSCALERS = {
    ("autoscaling", "HorizontalPodAutoscaler"): "",
    ("keda.sh", "ScaledObject"): "apps/v1",
}
"""(group, kind) of autoscalers, and the API version of a target that does not say its own."""
LEAST = {"HorizontalPodAutoscaler": "minReplicas", "ScaledObject": "minReplicaCount"}


def targets(side: Manifest) -> Iterator[tuple[Resource, ResourceId]]:
    """(autoscaler, identity of what it scales), in manifest order."""
    for identity, resource in side.resources.items():
        if (identity.group, identity.kind) not in AUTOSCALERS:
            continue
        ref = part(resource.body, "spec", "scaleTargetRef")
        version = str(ref.get("apiVersion") or AUTOSCALERS[identity.group, identity.kind])
        kind = str(ref.get("kind") or "Deployment")
        if isinstance(ref.get("name"), str):
            yield (
                resource,
                ResourceId(group_of(version), kind, identity.namespace, str(ref["name"])),
            )


def least_replicas(workload: ResourceId, side: Manifest) -> int:
    """How many pods a workload that renders no replicas has at least: what its autoscaler must
    run, else 1."""
    for autoscaler, target in targets(side):
        least = at(autoscaler.body, "spec", LEAST[autoscaler.id.kind])
        if target == workload and isinstance(least, int):
            return least
    return 1
