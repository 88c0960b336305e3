"""Something that pods still need is deleted.

What happens: new pods do not start: they wait for the ConfigMap, Secret, claim or ServiceAccount
that is gone.

Why: the chart stopped rendering the object, or renamed it, but a workload still refers to the old
name. Or the object is a hook that is deleted when it succeeded (helm.sh/hook-delete-policy), or
that only an installation makes.

What to do instead: keep the object, or change the reference in the same upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import Reference, references, referred, workloads
from policylint.kubernetes.forecast.impact import deleted
from policylint.kubernetes.forecast.moments import END, forward
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

INSTALL = {"pre-install", "post-install"}


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A workload of the after side refers to an object that this upgrade deletes; one violation
    for both, however many of its fields refer to it."""
    gone = {change.id: "" for change in deleted(upgrade)}
    gone |= _gone_hooks(upgrade)
    if not gone:
        return
    for workload in workloads(upgrade.after):
        for missing, reference in _needed(workload).items():
            if missing in gone:
                yield _violation(workload, reference, missing, gone[missing])


def _needed(workload: Resource) -> dict[ResourceId, Reference]:
    """What a workload cannot do without, with the first place that says so; a place that stops its
    pods before one that only pulls their image."""
    needed: dict[ResourceId, Reference] = {}
    for reference in sorted(references(workload), key=_pulls):
        if _pulls(reference) or not reference.optional:
            needed.setdefault(referred(workload, reference), reference)
    return needed


def _pulls(reference: Reference) -> bool:
    return "/imagePullSecrets/" in reference.path


def _gone_hooks(upgrade: Upgrade) -> dict[ResourceId, str]:
    """The hooks of the after side that are not there when the upgrade is over, and why."""
    if not upgrade.after.hooks:
        return {}
    moments = forward(upgrade, {})
    reasons: dict[ResourceId, str] = {}
    for identity, hook in upgrade.after.hooks.items():
        if moments.is_never_made(identity) and INSTALL & set(hook.hooks):
            reasons[identity] = f"only an installation makes it ({', '.join(hook.hooks)})"
        elif moments.knows(identity) and not moments.has(identity, END):
            reasons[identity] = "Helm deletes it when its hooks succeeded (hook-succeeded)"
    return reasons


def _violation(
    workload: Resource, reference: Reference, missing: ResourceId, of_hook: str
) -> Violation:
    """The finding; `of_hook` says why a hook is not there, and is empty for other objects."""
    if of_hook:
        message = f"{workload.id} needs {missing}, which is not there after this upgrade"
        because = f"it is a hook, and {of_hook}"
        fix = f"make {missing} an ordinary object of the chart"
    else:
        message = f"{workload.id} still needs {missing}, which this upgrade deletes"
        because = "its pods do not start without it"
        if _pulls(reference):
            because = "a node that has not got the image yet can pull it only with the Secret"
        fix = f"keep {missing}, or change the reference too"
    return Violation(
        message=message,
        because=because,
        path=reference.path,
        after=reference.name,
        resource=workload.id,
        severity=Severity.WARNING if _pulls(reference) else None,
        confidence=Confidence.LIKELY if of_hook else None,
        fixes=(Fix(fix),),
    )
