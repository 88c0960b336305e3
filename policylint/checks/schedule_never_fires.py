"""A CronJob has a schedule that no day meets.

What happens: the CronJob is accepted and never runs, and nothing says so: backups, clean-ups and
renewals stop.

Why: none of the days of the month in its schedule is in any of its months (30 2: February the
30th), and no day of the week is named beside them.

What to do instead: name a day that each of the months has (28 at most for February).

Source: github.com/robfig/cron/v3, spec.go (dayMatches).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part, text
from policylint.kubernetes.validity.schedule import days_and_months
from policylint.model import Category, Created, Fix, Kept, Severity, Violation

LENGTHS = dict(enumerate((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 1))
"""The most days that each month has."""


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """A new CronJob, or one whose schedule changes, with days that none of its months has."""
    if change.id.kind != "CronJob" or (isinstance(change, Kept) and not change.fields):
        return
    schedule = text(part(change.after.body, "spec"), "schedule")
    if isinstance(change, Kept) and _never(text(part(change.before.body, "spec"), "schedule")):
        return
    if _never(schedule):
        yield Violation(
            message=f"{change.id} never runs: no day meets its schedule",
            because=f"no month of {schedule!r} has such a day",
            path="/spec/schedule",
            fixes=(Fix("name a day that its months have, or * with a day of the week"),),
        )


def _never(schedule: str) -> bool:
    meets = days_and_months(schedule)
    if meets is None:
        return False
    days, months = meets
    return all(day > LENGTHS[month] for day in days for month in months)
