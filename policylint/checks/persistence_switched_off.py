"""A workload swaps its persistent volume for a temporary one.

What happens: the pods start with an empty volume; the data of the claim is no longer mounted, and
is lost with the next clean-up.

Why: a value such as persistence.enabled was turned off, so the chart renders an emptyDir, a
hostPath or an ephemeral volume where it rendered a claim.

What to do instead: keep persistence on, or name the old claim as existingClaim.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part, parts
from policylint.kubernetes.api.volumes import changed_mounts, claim_templates, claimed
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
from policylint.model import Category, Fix, Json, Kept, Object, Resource, Severity, Violation

TEMPORARY = {
    "emptyDir": ("an emptyDir", "an emptyDir lives and dies with its pod"),
    "ephemeral": ("an ephemeral volume", "an ephemeral volume is made anew for each pod"),
    "hostPath": ("a hostPath", "a hostPath is another directory on each node"),
}
"""Volume sources that do not hold what the claim held: their names and what becomes of them."""


@rule(category=Category.DATA_LOSS, severity=Severity.ERROR)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A volume of the same name, or at the same path, was a claim before and is a temporary one
    after."""
    after = pod_template(change.after)
    if not change.fields or after is None:
        return
    claims = claimed(change.before)
    places = _places(change)
    for index, volume in enumerate(parts(after, "spec", "volumes")):
        name = str(volume.get("name"))
        source = next((source for source in TEMPORARY if source in volume), "")
        claim = claims.get(name) or places.get(name)
        # A claim template wins over a volume of its name.
        if source and claim and name not in claim_templates(change.after):
            what, because = TEMPORARY[source]
            yield Violation(
                message=f"the volume {name} loses its persistent storage: its claim becomes {what}",
                because=because,
                path=f"{template_path(change.id.kind)}/spec/volumes/{index}",
                before=_before(change.before, claim),
                after=volume,
                fixes=(
                    Fix("keep persistence switched on, or give the old claim as existingClaim"),
                ),
            )


def _places(change: Kept) -> dict[str, str]:
    """The claim that was mounted before where a volume of another name is mounted now."""
    claims = claimed(change.before)
    lost = {
        mount.mount_path: claims[mount.volume]
        for mount, successor in changed_mounts(change.before, change.after)
        if successor is None
    }
    template: Object = pod_template(change.after) or {}
    return {
        str(mount.get("name")): lost[str(mount.get("mountPath")).rstrip("/")]
        for _, container in containers(template)
        for mount in parts(container, "volumeMounts")
        if str(mount.get("mountPath")).rstrip("/") in lost
    }


def _before(before: Resource, claim: str) -> Json:
    """What stood for the claim: the template of its name, or the volume's source."""
    return claim_templates(before).get(claim) or next(
        source
        for volume in parts(pod_template(before) or {}, "spec", "volumes")
        if (source := part(volume, "persistentVolumeClaim")).get("claimName") == claim
    )
