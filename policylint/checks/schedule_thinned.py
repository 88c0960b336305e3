"""A CronJob runs far less often.

What happens: a backup, a clean-up or a renewal that ran every day runs once a month: what happens
between two runs is not saved, and grows.

Why: the schedule of a CronJob names fewer days or hours than before.

What to do instead: keep the schedule; see first that what the job does may wait that long.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part, text
from policylint.kubernetes.validity.schedule import runs_in_a_year
from policylint.model import Category, Confidence, Fix, Kept, Severity, Violation


@rule(
    category=Category.DOWNTIME,
    severity=Severity.NOTE,
    confidence=Confidence.DEPENDS,
    params={"keep": 0.25},
)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A schedule with fewer runs than the share that is to stay."""
    if change.id.kind != "CronJob" or not change.fields:
        return
    was, becomes = (
        text(part(side.body, "spec"), "schedule") for side in (change.before, change.after)
    )
    before, after = runs_in_a_year(was), runs_in_a_year(becomes)
    if before and after and after < before * context.params["keep"]:
        yield Violation(
            message=f"{change.id} runs {after} times a year ({before} until now)",
            because="its schedule names fewer times",
            path="/spec/schedule",
            before=was,
            after=becomes,
            fixes=(Fix(f"keep the schedule {was}"),),
        )
