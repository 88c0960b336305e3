"""A workload swaps its persistent volume for a temporary one.

What happens: the pods start with an empty volume; the data of the claim is no longer mounted, and
is lost with the next clean-up.

Why: a value such as persistence.enabled was turned off, so the chart renders emptyDir where it
rendered a claim.

What to do instead: keep persistence on, or name the old claim as existingClaim.
"""

from collections.abc import Iterator
from typing import Any

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import items, mapping, pod_template, template_path
from policylint.model import Category, Fix, Kept, Object, Resource, Severity, Violation


@rule(category=Category.DATA_LOSS, severity=Severity.ERROR)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A volume of the same name was a claim before and is an emptyDir after."""
    before, after = pod_template(change.before), pod_template(change.after)
    if not change.fields or before is None or after is None:
        return
    claims = _claims(before) | _templates(change.before)
    still = _templates(change.after)  # a template wins over a volume of its name
    for index, volume in enumerate(items(after, "spec", "volumes")):
        name = volume.get("name")
        if claims.get(name) and "emptyDir" in volume and name not in still:
            yield Violation(
                message=f"the volume {name} loses its persistent storage: "
                "its claim becomes an emptyDir",
                because="an emptyDir lives and dies with its pod",
                path=f"{template_path(change.id.kind)}/spec/volumes/{index}",
                before=claims[name],
                after=volume,
                fixes=(
                    Fix("keep persistence switched on, or give the old claim as existingClaim"),
                ),
            )


def _claims(template: Object) -> dict[Any, Any]:
    return {
        volume.get("name"): mapping(volume, "persistentVolumeClaim")
        for volume in items(template, "spec", "volumes")
    }


def _templates(resource: Resource) -> dict[Any, Any]:
    return {
        mapping(template, "metadata").get("name"): template
        for template in items(resource.body, "spec", "volumeClaimTemplates")
    }
