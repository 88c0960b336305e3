"""Several pods share a volume that one node, or one pod, may have at a time.

What happens: pods on another node than the first wait for ever (Multi-Attach error), and the
rollout does not end; pods on the same node write to the same files, which most databases, queues
and caches do not survive.

Why: all pods of a Deployment, ReplicaSet or DaemonSet, and those of a StatefulSet without a claim
template, mount the same claim, and its access mode is ReadWriteOnce or ReadWriteOncePod.

What to do instead: one replica, a StatefulSet with volumeClaimTemplates (a claim for each pod), or
a claim of the access mode ReadWriteMany on storage that has it.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.autoscalers import least_replicas
from policylint.kubernetes.api.reading import number, part
from policylint.kubernetes.api.volumes import access_modes, claims_of, is_for_one
from policylint.kubernetes.api.workloads import template_path
from policylint.model import (
    Category,
    Confidence,
    Created,
    Deleted,
    Fix,
    Manifest,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

KINDS = ("Deployment", "ReplicaSet", "StatefulSet")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload that gets a second pod, or a claim for its pods, where the claim is of this
    release; those that had both before run already."""
    for change in upgrade.of(*KINDS):
        if isinstance(change, Deleted):
            continue
        pods = _pods(change.after, upgrade.after)
        shared = _shared(change.after, upgrade.after) if pods > 1 else []
        if not isinstance(change, Created) and _pods(change.before, upgrade.before) > 1:
            before = _shared(change.before, upgrade.before)
            shared = [claim for claim in shared if claim not in before]
        if shared:
            yield _violation(change.after, shared[0], pods, upgrade.after)


def _pods(workload: Resource, side: Manifest) -> int:
    replicas = number(part(workload.body, "spec"), "replicas")
    if replicas is None:
        return least_replicas(workload.id, side)
    return replicas


def _shared(workload: Resource, side: Manifest) -> list[ResourceId]:
    """The claims of the release that all pods mount and one node may have."""
    return [claim for claim in claims_of(workload) if is_for_one(access_modes(side, claim))]


def _violation(workload: Resource, claim: ResourceId, pods: int, side: Manifest) -> Violation:
    modes = ", ".join(sorted(access_modes(side, claim)))
    return Violation(
        message=f"{pods} pods of {workload.id} share the claim {claim.name}: on another node they "
        "wait for ever, on the same node they write to the same files",
        because=f"the claim is {modes}",
        path=f"{template_path(workload.id.kind)}/spec/volumes",
        resource=workload.id,
        fixes=(
            Fix("keep one replica"),
            Fix(
                "let the pods share a new claim of the access mode ReadWriteMany",
                cost="storage that has it, and the data copied over",
            ),
        ),
    )
