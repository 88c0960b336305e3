"""A workload no longer mounts the claim that holds its data.

What happens: the program writes into the container's own file system, which is gone with the pod,
and does not find what it wrote before; that stays in the claim.

Why: the volumeMount was dropped, or it names another volume.

What to do instead: keep the mount; where the data is really not needed any more, delete the claim
knowingly.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import parts
from policylint.kubernetes.api.volumes import changed_mounts, claimed
from policylint.kubernetes.api.workloads import containers, pod_template
from policylint.model import Category, Fix, Kept, Resource, Severity, Violation


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A claim is mounted nowhere in the pods any more, and nothing is mounted in its place."""
    if not change.fields:
        return
    in_place = set(_mount_paths(change.after))
    claims = claimed(change.before)
    for mount, successor in changed_mounts(change.before, change.after):
        if successor is None and mount.mount_path not in in_place:
            yield Violation(
                message=f"the container {mount.container} loses the data at {mount.mount_path}: "
                f"the claim {claims[mount.volume]} is not mounted any more",
                because="what is written there from now on is gone with the pod",
                path=mount.path,
                before=mount.mount_path,
                fixes=(Fix(f"keep the mount of the volume {mount.volume}"),),
            )


def _mount_paths(resource: Resource) -> Iterator[str]:
    for _, container in containers(pod_template(resource) or {}):
        for mount in parts(container, "volumeMounts"):
            yield str(mount.get("mountPath")).rstrip("/")
