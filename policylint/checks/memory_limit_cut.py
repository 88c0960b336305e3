"""A container may use much less memory than before.

What happens: the kernel kills the container as soon as it needs more (OOMKilled, exit code 137),
again and again; a rollout that waits for it hangs.

Why: its memory limit drops below what it asked for until now, or by more than half.

What to do instead: look at what the pods use at peak, and leave the limit well above it.
"""

from collections.abc import Iterator
from fractions import Fraction
from shlex import quote

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import at
from policylint.kubernetes.api.safeguards import KeptContainer, kept_containers
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Json,
    Kept,
    Object,
    Severity,
    Violation,
)


@rule(
    category=Category.DOWNTIME,
    severity=Severity.WARNING,
    confidence=Confidence.DEPENDS,
    params={"keep": 0.5},
)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A memory limit below the former request, or below the share of the former limit that is to
    stay."""
    for container in kept_containers(change):
        sides = (container.before, container.after)
        old, new = (parse_quantity(_written(body, "limits")) for body in sides)
        if old is None or new is None or new >= old:
            continue
        request = parse_quantity(_written(container.before, "requests"))
        if request is not None and new < request:
            asked = _written(container.before, "requests")
            yield _cut(change, container, f"it asked for {asked} until now")
        elif new < old * Fraction(str(context.params["keep"])):
            yield _cut(change, container, "the limit drops by more than half")


def _cut(change: Kept, container: KeptContainer, because: str) -> Violation:
    was, becomes = (_written(body, "limits") for body in (container.before, container.after))
    return Violation(
        message=f"container {container.name} is killed as soon as it needs more than {becomes} of "
        f"memory ({was} until now)",
        because=because,
        path=f"{container.path}/resources/limits/memory",
        before=was,
        after=becomes,
        fixes=(
            Fix(f"keep the limit at {was}"),
            Fix(
                "lower it to what the pods use at peak, and some room",
                steps=(f"kubectl top pod -n {quote(change.id.namespace)} --containers",),
            ),
        ),
    )


def _written(container: Object, field: str) -> Json:
    return at(container, "resources", field, "memory")
