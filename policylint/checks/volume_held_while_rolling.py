"""A rolling update starts a pod whose volume another node still holds.

What happens: the new pod may be put on another node than the old one, and its ReadWriteOnce volume
cannot be attached there (Multi-Attach error); the rollout hangs until somebody ends the old pod.
With ReadWriteOncePod it hangs on every node.

Why: the Deployment rolls (maxSurge above 0: the new pod starts before the old one stops) and mounts
a claim that one node, or one pod, may have at a time. Or a workload of another kind or name takes
the claim over in the upgrade that deletes the old one: Helm creates before it deletes. Where only
the checksum of a Secret that each render generates anew changes the template, this is a note: a
lookup may keep the Secret.

What to do instead: maxSurge: 0 with maxUnavailable: 1, which stops the old pod first: a short
interruption instead of a rollout that hangs. Strategy Recreate does the same, but server-side apply
refuses to change to it in one upgrade (strategy-defaults-left).
"""

from collections.abc import Iterator
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.generated import unless_kept
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.rollouts import max_surge
from policylint.kubernetes.api.volumes import ONE_POD, access_modes, claims_of, is_for_one
from policylint.kubernetes.api.workloads import template_path
from policylint.kubernetes.forecast.impact import generated_secrets, strategy, template_change
from policylint.model import (
    Category,
    Confidence,
    Created,
    Deleted,
    FieldChange,
    Fix,
    Kept,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

RUNNING = ("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A Deployment with a new template, a surge, and a claim of this release of that access
    mode."""
    for change in upgrade.of("Deployment"):
        if not isinstance(change, Kept) or not change.fields:
            continue
        touched = template_change(change, context.target.kubernetes)
        if touched is not None and _surges(change):
            yield from _hanging(upgrade, change, touched)
    yield from _taken_over(upgrade)


def _taken_over(upgrade: Upgrade) -> Iterator[Violation]:
    """Workloads that this upgrade creates and whose claim another one's pods have: those of one
    that is deleted in the same upgrade, or of one that stays."""
    holders = _holders(upgrade)
    for change in upgrade.of(*RUNNING) if holders else ():
        if not isinstance(change, Created):
            continue
        for claim in claims_of(change.after):
            if claim in holders and is_for_one(access_modes(upgrade.after, claim)):
                yield _shared(change.after, claim, holders[claim], upgrade)
                break


def _holders(upgrade: Upgrade) -> dict[ResourceId, Resource]:
    """The workload of the before side that has each claim."""
    return {
        claim: change.before
        for change in upgrade.of(*RUNNING)
        if isinstance(change, (Kept, Deleted))
        for claim in claims_of(change.before)
    }


def _shared(new: Resource, claim: ResourceId, old: Resource, upgrade: Upgrade) -> Violation:
    goes = old.id not in upgrade.after.resources
    if goes:
        when = "until the old pods are gone"
    else:
        when = "as long as both run"
    fixes = [Fix(f"give {new.id} a claim of its own, or an access mode of many nodes")]
    if goes:
        fixes = [
            Fix(
                f"stop {old.id} before the upgrade",
                steps=(f"kubectl scale {named(old.id)} --replicas=0",),
                cost="nothing runs until the upgrade has made the new pods",
            )
        ]
    return Violation(
        message=f"{new.id} starts on the volume of {old.id}: on another node its pods wait, on the "
        f"same node both write to it, {when}",
        because=f"both mount {claim}, which one node may have at a time; "
        + ("Helm creates before it deletes" if goes else "both stay"),
        path=f"{template_path(new.id.kind)}/spec/volumes",
        resource=new.id,
        fixes=tuple(fixes),
    )


def _surges(change: Kept) -> bool:
    spec = part(change.after.body, "spec")
    running = spec.get("replicas", 1) != 0 and spec.get("paused") is not True
    return running and strategy(spec, "Deployment") == "RollingUpdate" and max_surge(spec) > 0


def _hanging(upgrade: Upgrade, change: Kept, touched: FieldChange) -> Iterator[Violation]:
    for claim in claims_of(change.after):
        modes = access_modes(upgrade.after, claim)
        if is_for_one(modes):
            if ONE_POD in modes:
                where = "another pod"
            else:
                where = "another node"
            generated = generated_secrets(change, upgrade)
            certain = ONE_POD in modes and not generated
            yield Violation(
                message=f"the rollout of {change.id} hangs where the claim {claim.name} "
                f"is still held by {where}",
                because=f"the claim is {', '.join(sorted(modes))}, "
                "and the new pod starts before the old one stops" + unless_kept(generated),
                path=touched.path,
                before=touched.before,
                after=touched.after,
                resource=change.id,
                severity=Severity.NOTE if generated else None,
                confidence=Confidence.CERTAIN if certain else None,
                fixes=(
                    Fix(
                        "set strategy.rollingUpdate: {maxSurge: 0, maxUnavailable: 1}",
                        cost="no pod runs for a moment where there is one replica",
                    ),
                    Fix(
                        "see where the pods run: one node for all of them is safe",
                        steps=(f"kubectl get pods -n {quote(change.id.namespace)} -o wide",),
                    ),
                ),
            )
            return
