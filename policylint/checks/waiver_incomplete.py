"""A waiver beside a finding waives nothing.

What happens: the finding counts although somebody meant to waive it.

Why: the comment or annotation lacks its reason, or what the configuration requires of waivers: an
owner, a last day.

What to do instead: write all of it: `# policylint: ignore[RULE] until 2027-01-31 OWNER: REASON`.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Location, Severity, Violation
from policylint.report.waivers import WaiverReview


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(review: WaiverReview, context: Context) -> Iterator[Violation]:
    """Each waiver in a comment or an annotation that lacks something."""
    for flawed in review.flawed:
        yield Violation(
            f"this waiver waives nothing: it lacks {flawed.lacks}",
            locations=(Location("cause", flawed.file, flawed.line, key=flawed.lacks),),
            fixes=(Fix("write # policylint: ignore[RULE] until 2027-01-31 OWNER: REASON"),),
        )
