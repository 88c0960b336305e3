"""A PersistentVolumeClaim is made smaller.

What happens: the API server refuses the update with 'field can not be less than previous value'. A
claim that an upgrade has made larger can therefore never go back: the rollback is refused.

Why: volumes can grow where the class allows it, and never shrink.

What to do instead: keep the size, or create a smaller claim under another name and move the data.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import at
from policylint.model import (
    Category,
    Created,
    Direction,
    Fix,
    Kept,
    Outcome,
    Severity,
    Violation,
)

SIZE = ("spec", "resources", "requests", "storage")
PATH = "/spec/resources/requests/storage"


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways; and that a claim which may grow can only
    grow."""
    yield from refusals(change, "claim-shrunk", context)
    if isinstance(change, Kept) and _may_grow(change):
        yield Violation(
            message="once applied, this has no way back: a claim that has grown never shrinks",
            because="the API server refuses a request below the capacity of the volume",
            path=PATH,
            before=at(change.before.body, *SIZE),
            after=at(change.after.body, *SIZE),
            direction=Direction.ROLLBACK,
            category=Category.ROLLBACK,
            severity=Severity.WARNING,
            fixes=(
                Fix(
                    "grow the claim in an upgrade of its own",
                    steps=(
                        f"leave {change.id.kind} {change.id.name} as it is in this upgrade",
                        "after it, upgrade once more with the larger size alone",
                    ),
                    cost="none: a rollback of the rest then works",
                ),
            ),
        )


def _may_grow(change: Kept) -> bool:
    """Whether a claim asks for more, and the cluster decides: where it is known to grow, the
    forecast has the way back."""
    answer = change.forecast.upgrade
    if answer is None or answer.outcome is not Outcome.DEPENDS:
        return False
    before, after = (parse_quantity(at(side.body, *SIZE)) for side in (change.before, change.after))
    return before is not None and after is not None and after > before
