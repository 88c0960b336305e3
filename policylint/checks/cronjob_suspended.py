"""A CronJob is suspended.

What happens: its schedule starts nothing any more, and nothing says so: backups, clean-ups and
renewals stop. Runs that are missed meanwhile are not made up for.

Why: spec.suspend becomes true in this upgrade.

What to do instead: keep it false; to stop the schedule on purpose, write down until when.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.model import Category, Fix, Kept, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """suspend goes from false, or nothing, to true."""
    if change.id.kind != "CronJob" or not change.fields:
        return
    old, new = (at(side.body, "spec", "suspend") for side in (change.before, change.after))
    if new is True and old is not True:
        schedule = at(change.after.body, "spec", "schedule")
        yield Violation(
            message=f"{change.id} does not run any more: its schedule {schedule} is suspended",
            because="spec.suspend becomes true",
            path="/spec/suspend",
            before=old,
            after=True,
            fixes=(Fix("keep suspend: false"),),
        )
