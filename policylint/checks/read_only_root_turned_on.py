"""A container may no longer write to its own file system.

What happens: whatever the process writes outside of mounted volumes (temporary files, caches, pid
files, logs) fails with "Read-only file system", and many a process then does not start.

Why: readOnlyRootFilesystem becomes true, and no volume is mounted in which it may write.

What to do instead: mount an emptyDir where it writes (/tmp, /var/cache, /run) in the same upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, parts, text
from policylint.kubernetes.api.safeguards import kept_containers
from policylint.kubernetes.api.volumes import claim_templates
from policylint.kubernetes.api.workloads import pod_template
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Kept,
    Object,
    Resource,
    Severity,
    Violation,
)

WRITABLE = {"emptyDir", "persistentVolumeClaim", "ephemeral", "hostPath", "nfs", "csi"}


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A kept container whose root file system turns read-only, and that has no volume to write
    to."""
    for container in kept_containers(change):
        if _is_read_only(container.before) or not _is_read_only(container.after):
            continue
        if not _may_write(container.after, change.after):
            yield Violation(
                message=f"container {container.name} can write nowhere: a write fails with "
                '"Read-only file system"',
                because="readOnlyRootFilesystem becomes true, and no volume is mounted for writing",
                path=f"{container.path}/securityContext/readOnlyRootFilesystem",
                before=at(container.before, "securityContext", "readOnlyRootFilesystem"),
                after=True,
                severity=Severity.NOTE if "/initContainers/" in container.path else None,
                fixes=(
                    Fix("mount an emptyDir where it writes (/tmp, and what its image documents)"),
                    Fix("leave readOnlyRootFilesystem out until the paths are known"),
                ),
            )


def _is_read_only(container: Object) -> bool:
    return at(container, "securityContext", "readOnlyRootFilesystem") is True


def _may_write(container: Object, workload: Resource) -> bool:
    volumes = parts(pod_template(workload) or {}, "spec", "volumes")
    writable = {
        text(volume, "name") for volume in volumes if not volume.keys().isdisjoint(WRITABLE)
    }
    writable |= claim_templates(workload).keys()
    return any(
        text(mount, "name") in writable and mount.get("readOnly") is not True
        for mount in parts(container, "volumeMounts")
    )
