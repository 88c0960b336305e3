"""A rolling update starts a pod whose volume another node still holds.

What happens: the new pod may be put on another node than the old one, and its ReadWriteOnce volume
cannot be attached there (Multi-Attach error); the rollout hangs until somebody ends the old pod.
With ReadWriteOncePod it hangs on every node.

Why: the Deployment rolls (maxSurge above 0: the new pod starts before the old one stops) and mounts
a claim that one node, or one pod, may have at a time.

What to do instead: strategy Recreate, which stops the old pod first: a short interruption instead
of a rollout that hangs. With maxSurge: 0 the same is reached.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.rollouts import max_surge
from policylint.kubernetes.api.volumes import claimed
from policylint.kubernetes.api.workloads import at, mapping
from policylint.kubernetes.forecast.impact import strategy, template_change
from policylint.model import (
    Category,
    Confidence,
    FieldChange,
    Fix,
    Kept,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

ONE_NODE = {"ReadWriteOnce"}
ONE_POD = {"ReadWriteOncePod"}


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


def _surges(change: Kept) -> bool:
    spec = mapping(change.after.body, "spec")
    running = spec.get("replicas", 1) != 0 and spec.get("paused") is not True
    return running and strategy(spec, "Deployment") == "RollingUpdate" and max_surge(spec) > 0


def _hanging(upgrade: Upgrade, change: Kept, touched: FieldChange) -> Iterator[Violation]:
    for name in claimed(change.after).values():
        claim = ResourceId("", "PersistentVolumeClaim", change.id.namespace, name)
        modes = _modes(upgrade, claim)
        if modes and modes <= ONE_NODE | ONE_POD:
            where = "another pod" if modes & ONE_POD else "another node"
            yield Violation(
                message=f"the rollout of {change.id} hangs where the claim {name} "
                f"is still held by {where}",
                because=f"the claim is {', '.join(sorted(modes))}, "
                "and the new pod starts before the old one stops",
                path=touched.path,
                before=touched.before,
                after=touched.after,
                resource=change.id,
                confidence=Confidence.CERTAIN if modes & ONE_POD else None,
                fixes=(
                    Fix("set strategy.type: Recreate", cost="no pod runs for a moment"),
                    Fix(
                        "see where the pods run: one node for all of them is safe",
                        steps=(f"kubectl get pods -n {change.id.namespace} -o wide",),
                    ),
                ),
            )
            return


def _modes(upgrade: Upgrade, claim: ResourceId) -> set[str]:
    """The access modes of a claim of this release, none where it is somebody else's."""
    resource = upgrade.after.resources.get(claim)
    modes = at(resource.body, "spec", "accessModes") if resource is not None else None
    return {str(mode) for mode in modes} if isinstance(modes, list) else set()
