"""A volume that pods wrote to is mounted read-only.

What happens: what writes below the mount fails ("Read-only file system"): a database, an upload, a
cache.

Why: readOnly is set in this upgrade, on a claim's volume or on the mount, and was not before.

What to do instead: leave it writable where anything writes there.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, parts
from policylint.kubernetes.api.volumes import claimed, lasting_mounts
from policylint.kubernetes.api.workloads import pod_template
from policylint.model import Category, Confidence, Fix, Kept, Resource, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A mount of a claim that stays and could be written to before."""
    if not change.fields:
        return
    before = _mounts(change.before)
    for mount, (path, is_read_only) in _mounts(change.after).items():
        if is_read_only and mount in before and not before[mount][1]:
            container, where, claim = mount
            yield Violation(
                message=f"{container} can no longer write to {where}, kept by the claim {claim}",
                path=path,
                before=False,
                after=True,
                fixes=(
                    Fix(
                        "leave the mount writable",
                        steps=(f"remove readOnly of {where} and of the volume behind it",),
                        cost="a rolling restart where the upgrade is applied already",
                    ),
                ),
            )


def _mounts(resource: Resource) -> dict[tuple[str, str, str], tuple[str, bool]]:
    """(container, mountPath, claim) -> (pointer, whether it is read-only)."""
    claims, sealed = claimed(resource), set(_read_only_volumes(resource))
    return {
        (mount.container, mount.mount_path, claims[mount.volume]): (
            mount.path,
            mount.read_only or mount.volume in sealed,
        )
        for mount in lasting_mounts(resource, with_init=True)
    }


def _read_only_volumes(resource: Resource) -> Iterator[str]:
    """The volumes of claims that no mount can write to."""
    for volume in parts(pod_template(resource) or {}, "spec", "volumes"):
        if at(volume, "persistentVolumeClaim", "readOnly") is True:
            yield str(volume.get("name"))
