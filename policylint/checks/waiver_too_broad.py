"""A waiver waives more than anybody looked at.

What happens: findings that nobody has seen are waived as they come, in every release.

Why: the waiver names no rule, or nothing but a rule. A reason is a reason for one finding, or for
one rule on something that it is known of.

What to do instead: name the rule and a resource, path, release or environment, or the finding's
fingerprint. A rule that nobody wants is switched off in `rules:`, where it is seen.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Location, Severity, Violation
from policylint.report.waivers import Waiver, WaiverReview


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(review: WaiverReview, context: Context) -> Iterator[Violation]:
    """Each waiver without a rule, and each of a rule alone."""
    for waiver in review.broad:
        yield Violation(
            f"the waiver of {waiver} waives {_all(waiver)}",
            because="findings that nobody has looked at are waived by it too",
            locations=(Location("cause", waiver.file, waiver.line, key=str(waiver)),),
            fixes=(Fix(_narrower(waiver)),),
        )


def _all(waiver: Waiver) -> str:
    if waiver.rule.strip("*"):
        return "whatever the rule finds, anywhere"
    return "whatever any rule finds there"


def _narrower(waiver: Waiver) -> str:
    if waiver.rule.strip("*"):
        return (
            "name a resource, path, release or environment beside the rule, or switch the rule off:"
            f" rules: {{{waiver.rule}: off}}"
        )
    return "name the rule too: rule: ..."
