"""An autoscaler may no longer run as many pods.

What happens: the autoscaler takes pods away at once, down to its new maximum; at peak there are too
few.

Why: the upgrade lowers the maximum to less than half, or below what the minimum or the rendered
replicas were.

What to do instead: lower the bounds in steps, and look at the current number of pods first (kubectl
get hpa).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.autoscalers import AUTOSCALERS
from policylint.kubernetes.api.reading import part
from policylint.model import Category, Confidence, Fix, Kept, Severity, Violation

BOUNDS = {
    "HorizontalPodAutoscaler": ("minReplicas", "maxReplicas"),
    "ScaledObject": ("minReplicaCount", "maxReplicaCount"),
}


@rule(
    category=Category.DOWNTIME,
    severity=Severity.WARNING,
    confidence=Confidence.DEPENDS,
    params={"keep": 0.5},
)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """The maximum drops below the old minimum or below the share `keep` of the old maximum; or the
    minimum to 0."""
    if (change.id.group, change.id.kind) not in AUTOSCALERS or not change.fields:
        return
    low, high = BOUNDS[change.id.kind]
    old, new = part(change.before.body, "spec"), part(change.after.body, "spec")
    was, now, least = old.get(high), new.get(high), old.get(low, 1)
    if not (isinstance(was, int) and isinstance(now, int) and isinstance(least, int)):
        return
    why = _why(was, now, least, float(context.params["keep"]))
    if why:
        yield Violation(
            message=f"the autoscaler may run {now} pods at most, {was} before",
            because=why,
            path=f"/spec/{high}",
            before=was,
            after=now,
            fixes=(Fix("lower the bounds in steps, and look at the current number of pods first"),),
        )
    if least > 0 and new.get(low) == 0:
        yield _last_pod(low, least)


def _why(was: int, now: int, least: int, keep: float) -> str:
    """What makes the new maximum too low; "" where nothing does."""
    if now < least:
        return f"the minimum was {least} until now"
    return "it drops by more than half" if now < was * keep else ""


def _last_pod(low: str, least: int) -> Violation:
    return Violation(
        message="the autoscaler may take the last pod away",
        because=f"{low} drops from {least} to 0: "
        "the first request after a pause waits for a pod to start",
        path=f"/spec/{low}",
        before=least,
        after=0,
        severity=Severity.NOTE,
        fixes=(Fix(f"keep {low} at 1 or more where a cold start hurts"),),
    )
