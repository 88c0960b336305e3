"""A waiver has run out.

What happens: the findings that it waived count again.

Why: its last day (`until`) is over.

What to do instead: repair what it waived; or, where the reason still holds, let its owner give it
another day.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Location, Severity, Violation
from policylint.report.waivers import WaiverReview


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(review: WaiverReview, context: Context) -> Iterator[Violation]:
    """Each waiver whose last day is over."""
    for waiver in review.expired:
        owner = f" (owner: {waiver.owner})" if waiver.owner else ""
        yield Violation(
            f"the waiver of {waiver} held until {waiver.until}",
            because=f"its reason was: {waiver.reason}{owner}",
            locations=(Location("cause", waiver.file, waiver.line, key=str(waiver)),),
            fixes=(
                Fix(
                    "repair what it waived and take it out",
                    steps=(
                        f"policylint check --no-waivers  # {waiver.rule or 'all'} shown again",
                        f"delete the waiver at {waiver.file}:{waiver.line}",
                    ),
                ),
                Fix("give it a later day, with a reason that still holds"),
            ),
        )
