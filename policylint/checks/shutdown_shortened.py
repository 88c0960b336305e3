"""Pods have less time, or no longer a hook, to stop in order.

What happens: requests in flight are cut off at every rollout and drain, because a pod gets traffic
for a moment after it was told to stop; a database, broker or worker is killed in the middle of its
work, and recovers or repeats it at the next start.

Why: the preStop hook of a container that stays is gone, or terminationGracePeriodSeconds (30 unless
given) falls to half or less.

What to do instead: keep the hook and the time; a process that ends its requests by itself on
SIGTERM needs no hook.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import number, part
from policylint.kubernetes.api.safeguards import kept_containers
from policylint.kubernetes.api.workloads import pod_template, template_path
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Kept,
    Resource,
    Severity,
    Violation,
)

DEFAULT = 30
"""terminationGracePeriodSeconds where it is not given."""


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A preStop hook that only the before side has, or half the grace period."""
    for container in kept_containers(change):
        lost = part(container.before, "lifecycle", "preStop")
        if lost and not part(container.after, "lifecycle", "preStop"):
            yield Violation(
                message=f"container {container.name} is stopped without its preStop hook: requests "
                "in flight may be cut off",
                because="the hook is gone, so SIGTERM comes at once",
                path=f"{container.path}/lifecycle/preStop",
                before=lost,
                fixes=(Fix("keep the preStop hook"),),
            )
    yield from _less_time(change)


def _less_time(change: Kept) -> Iterator[Violation]:
    if not change.fields or pod_template(change.after) is None:
        return
    was, becomes = _seconds(change.before), _seconds(change.after)
    if becomes < was and becomes * 2 <= was:
        yield Violation(
            message=f"the pods are killed {becomes} seconds after they are told to stop "
            f"({was} until now)",
            because="terminationGracePeriodSeconds falls to half or less",
            path=f"{template_path(change.id.kind)}/spec/terminationGracePeriodSeconds",
            before=was,
            after=becomes,
            fixes=(Fix(f"keep terminationGracePeriodSeconds: {was}"),),
        )


def _seconds(workload: Resource) -> int:
    seconds = number(part(pod_template(workload) or {}, "spec"), "terminationGracePeriodSeconds")
    return DEFAULT if seconds is None else seconds
