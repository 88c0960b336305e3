"""A StatefulSet with claims is deleted.

What happens: the pods stop. The claims made from its volumeClaimTemplates stay, and nothing mounts
them any more; where the retention policy says whenDeleted: Delete they are deleted too, with their
data. A StatefulSet of another name starts with fresh, empty volumes.

Why: the workload was switched off, turned into another kind, or renamed (a changed name template,
fullnameOverride).

What to do instead: keep the name; to move to a new one, copy the data first.

Source: StatefulSetAutoDeletePVC, kubernetes.io/docs/concepts/workloads/controllers/statefulset.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import in_namespace, named
from policylint.kubernetes.api.reading import at
from policylint.kubernetes.api.volumes import claim_names
from policylint.kubernetes.forecast.impact import KEEP, is_kept
from policylint.model import Category, Created, Deleted, Fix, Severity, Violation
from policylint.runtime.sentences import first_of

SHOWN = 3
"""Claims that are named; the rest is told as a number."""


@rule(category=Category.DATA_LOSS, severity=Severity.ERROR)
def check(change: Deleted, context: Context) -> Iterator[Violation]:
    """A StatefulSet with claim templates goes; one without holds no data."""
    if change.id.kind == "StatefulSet":
        claims = claim_names(change.before)
    else:
        claims = []
    if not claims or is_kept(change.before):
        return
    when = at(change.before.body, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")
    if when == "Delete":
        yield Violation(
            message=f"this upgrade deletes the StatefulSet and its claims with their data: "
            f"{first_of(claims, SHOWN)}",
            because="Helm deletes what a release no longer renders, "
            "and the retention policy of its claims is whenDeleted: Delete",
            path="/spec/persistentVolumeClaimRetentionPolicy/whenDeleted",
            before="Delete",
            fixes=(_keep(change, context), _retain(change)),
        )
    else:
        yield Violation(
            message=f"this upgrade deletes the StatefulSet; nothing mounts its claims any more: "
            f"{first_of(claims, SHOWN)}",
            because="Helm deletes what a release no longer renders; "
            "the claims of volumeClaimTemplates are not the release's objects and stay",
            path="/spec/volumeClaimTemplates",
            fixes=(_keep(change, context),),
        )


def _keep(change: Deleted, context: Context) -> Fix:
    name = change.id.name
    keep = f"set nameOverride or fullnameOverride so that the name {name} stays"
    if not _has_successor(change, context):
        keep = f"switch {name} on again in the values (no other StatefulSet takes its place)"
    return Fix(
        "keep the StatefulSet and its name",
        steps=(
            keep,
            "or leave it to run beside the release: "
            f"kubectl annotate {named(change.id)} {KEEP}=keep",
        ),
    )


def _has_successor(change: Deleted, context: Context) -> bool:
    """Whether a StatefulSet comes in this upgrade: the deleted one may have got another name."""
    upgrade = context.upgrade
    return upgrade is not None and any(
        isinstance(coming, Created) and coming.id.namespace == change.id.namespace
        for coming in upgrade.of("StatefulSet")
    )


def _retain(change: Deleted) -> Fix:
    patch = '{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Retain"}}}'
    return Fix(
        "keep the claims",
        steps=(
            f"kubectl patch {named(change.id)} --type merge -p '{patch}'",
            "run the upgrade when no claim names the StatefulSet as its owner any more: "
            f"kubectl get pvc{in_namespace(change.id.namespace)} -o yaml",
        ),
        cost="none; delete them by hand once nobody needs their data",
    )
