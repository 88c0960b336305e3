"""A waiver is not needed any more.

What happens: nothing today; some later finding that it happens to mean will be waived unseen.

Why: a run over everything that it could mean has no such finding. A waiver of a change is unused
as soon as the change is made.

What to do instead: take it out. Only runs that look at every release say this, and none of a pull
request does.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Location, Severity, Violation
from policylint.report.waivers import WaiverReview


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(review: WaiverReview, context: Context) -> Iterator[Violation]:
    """Each waiver that nothing needed."""
    for waiver in review.unused:
        yield Violation(
            f"the waiver of {waiver} waives nothing",
            because=f"no finding of this run is meant by it; its reason was: {waiver.reason}",
            locations=(Location("cause", waiver.file, waiver.line, key=str(waiver)),),
            fixes=(Fix(f"delete the waiver at {waiver.file}:{waiver.line}"),),
        )
