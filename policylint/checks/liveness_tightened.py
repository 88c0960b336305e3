"""A liveness probe kills a container sooner than before.

What happens: a container that starts slowly, or pauses (garbage collection, a busy disk, a slow
database behind the probe), is killed and started again, over and over (CrashLoopBackOff).

Why: initialDelaySeconds is dropped or cut and no startup probe stands in for it, or
failureThreshold times periodSeconds comes to a few seconds.

What to do instead: give slow starts a startupProbe, and let the liveness probe fail for half a
minute before it kills.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import number, part
from policylint.kubernetes.api.safeguards import KeptContainer, kept_containers
from policylint.model import Category, Confidence, Fix, Kept, Object, Severity, Violation

SHORT = 10
"""Seconds of not answering that a pause of a healthy process may last."""


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """The time from the start, or from the first failure, until a kill is cut by more than half."""
    for container in kept_containers(change):
        before, after = (
            part(body, "livenessProbe") for body in (container.before, container.after)
        )
        if not before or not after:
            continue
        yield from _from_start(container, before, after)
        yield from _from_failure(container, before, after)


def _from_start(container: KeptContainer, before: Object, after: Object) -> Iterator[Violation]:
    if part(container.after, "startupProbe"):
        return
    was, becomes = (_delay(probe) + _window(probe) for probe in (before, after))
    if _delay(after) < _delay(before) and becomes * 2 < was:
        yield Violation(
            message=f"container {container.name} is killed when it does not answer {becomes} "
            f"seconds after its start ({was} until now)",
            because=f"initialDelaySeconds goes from {_delay(before)} to {_delay(after)}, and there "
            "is no startupProbe",
            path=f"{container.path}/livenessProbe/initialDelaySeconds",
            before=_delay(before),
            after=_delay(after),
            fixes=(
                Fix(f"keep initialDelaySeconds: {_delay(before)}"),
                Fix(f"add a startupProbe that lets the start take {was} seconds"),
            ),
        )


def _from_failure(container: KeptContainer, before: Object, after: Object) -> Iterator[Violation]:
    was, becomes = _window(before), _window(after)
    if becomes <= SHORT and becomes * 2 < was:
        threshold, period = _threshold(before), _period(before)
        yield Violation(
            message=f"container {container.name} is killed when it does not answer for {becomes} "
            f"seconds ({was} until now)",
            because=f"failureThreshold {_threshold(after)} times periodSeconds {_period(after)}",
            path=f"{container.path}/livenessProbe",
            before={"failureThreshold": threshold, "periodSeconds": period},
            after={"failureThreshold": _threshold(after), "periodSeconds": _period(after)},
            fixes=(Fix(f"keep failureThreshold: {threshold} and periodSeconds: {period}"),),
        )


def _delay(probe: Object) -> int:
    return number(probe, "initialDelaySeconds") or 0


def _window(probe: Object) -> int:
    """How long a container may fail before it is killed."""
    return _threshold(probe) * _period(probe)


def _threshold(probe: Object) -> int:
    return number(probe, "failureThreshold") or 3


def _period(probe: Object) -> int:
    return number(probe, "periodSeconds") or 10
