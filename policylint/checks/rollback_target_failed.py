"""A rollback without a number goes to a revision that failed.

What happens: `helm rollback RELEASE` goes to the revision before the last one, even when that one
failed, or stops with `release has no N version` when it is pruned. `--atomic` (Helm 4:
`--rollback-on-failure`) takes the newest one that is superseded or deployed, and a failed first
install counts as superseded once an upgrade has succeeded.

Why: Helm does not ask whether the revision before was ever good.

What to do instead: give `helm rollback` the number of a good revision.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.history.report import description
from policylint.helm.history.targets import Targets, targets
from policylint.helm.inputs.revisions import History, Revision
from policylint.model import Category, Direction, Fix, Severity, Violation


@rule(category=Category.ROLLBACK, severity=Severity.WARNING)
def check(history: History, _: Context) -> Iterator[Violation]:
    """Report a way back that ends at a revision which was never good."""
    goals = targets(history)
    if not history.complete or goals.newest_good is None:
        return  # nothing good to go back to is another rule's
    plain = history.command("rollback")
    missing = history.last.number - 1
    if goals.rollback_without_number is None and missing > 0:
        yield _violation(
            history, goals, f"`{plain}` stops: release has no {missing} version", history.last
        )
    elif goals.rollback_without_number and not goals.rollback_without_number.good:
        yield _violation(
            history,
            goals,
            f"`{plain}` goes back to a revision that failed",
            goals.rollback_without_number,
        )
    if goals.atomic and not goals.atomic.good:
        yield _violation(
            history, goals, "--atomic goes back to a revision that failed", goals.atomic
        )


def _violation(history: History, goals: Targets, message: str, revision: Revision) -> Violation:
    good = goals.newest_good
    steps = (history.command("rollback", good.number),) if good else ()
    return Violation(
        message,
        because=f"revision {revision.number} is {revision.status}: {description(revision)[:200]}",
        direction=Direction.ROLLBACK,
        before=revision.number,
        after=good.number if good else None,
        fixes=(Fix(f"name the newest good revision, {good.number}", steps=steps),) if good else (),
        locations=(history.place(revision),),
    )
