"""Failed upgrades push the good revisions out of the history.

What happens: after a few more failed upgrades no revision is left to go back to, except the one
that is deployed.

Why: Helm keeps --history-max revisions (10 by default), failed ones count, and the oldest go first;
only the last deployed one is never pruned.

What to do instead: end the run of failures (roll back and repair the chart before the next
attempt), stop jobs that retry without end, or keep more revisions with --history-max.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.helm.history.targets import after_failures, failures_until_one_is_left, seen_limit
from policylint.helm.inputs.revisions import History
from policylint.model import Category, Direction, Fix, Severity, Violation
from policylint.runtime.sentences import plural


@rule(category=Category.ROLLBACK, severity=Severity.WARNING, params={"failures": 3})
def check(history: History, context: Context) -> Iterator[Violation]:
    """Simulate `failures` more failed upgrades where some have failed already."""
    failed = [revision for revision in history.revisions if revision.status == "failed"]
    left = failures_until_one_is_left(history)
    ahead = int(context.params.get("failures", 3))
    limit = seen_limit(history)
    if (
        not failed
        or not history.good
        or left is None
        or left > ahead
        or _fits(history, limit, ahead)
    ):
        return
    now = len(history.good)
    if left:
        message = (
            f"{plural(left, 'more failed upgrade')} of {history.title}: "
            "then one good revision is left"
        )
    else:
        message = f"failed upgrades of {history.title} have left {plural(now, 'good revision')}"
    yield Violation(
        message,
        because=f"{len(failed)} of the {len(history.revisions)} revisions kept failed, "
        f"and --history-max is {limit}",
        direction=Direction.ROLLBACK,
        before=now,
        fixes=(
            Fix(
                "stop retrying, go back to a good revision, and repair the chart",
                steps=(history.command("rollback", history.good[-1].number),),
            ),
            Fix(f"keep more revisions: --history-max {max(20, 2 * limit)}"),
        ),
        locations=(history.place(failed[-1]),),
    )


def _fits(history: History, limit: int, ahead: int) -> bool:
    """Whether so many failures push nothing out: a young release is not in danger."""
    later = after_failures(history.with_limit(limit), ahead)
    return len(history.revisions) < limit and len(later.good) == len(history.good)
