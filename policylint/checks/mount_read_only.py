"""A volume that pods wrote to is mounted read-only.

What happens: what writes below the mount fails ("Read-only file system"): a database, an upload, a
cache.

Why: readOnly is set in this upgrade, on a claim's volume or on the mount, and was not before.

What to do instead: leave it writable where anything writes there.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at, part, parts
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
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
    template = pod_template(resource) or {}
    claims = _claims(resource, template)
    mounts = {}
    for path, container in containers(template):
        for number, mount in enumerate(parts(container, "volumeMounts")):
            if mount.get("name") in claims:
                claim, is_read_only = claims[mount.get("name")]
                key = str(container.get("name")), str(mount.get("mountPath")), claim
                place = f"{template_path(resource.id.kind)}{path}/volumeMounts/{number}"
                mounts[key] = place, is_read_only or mount.get("readOnly") is True
    return mounts


def _claims(resource: Resource, template: Object) -> dict[object, tuple[str, bool]]:
    """The volumes that keep data: (claim, whether it is read-only) by the volume's name."""
    own = {
        at(claim, "metadata", "name"): (str(at(claim, "metadata", "name")), False)
        for claim in parts(part(resource.body, "spec"), "volumeClaimTemplates")
    }
    volumes = parts(part(template, "spec"), "volumes")
    return own | {
        volume.get("name"): (str(claim.get("claimName")), claim.get("readOnly") is True)
        for volume in volumes
        if (claim := part(volume, "persistentVolumeClaim"))
    }
