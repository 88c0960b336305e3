"""The history holds too few revisions to go back.

What happens: one failed upgrade pushes the last good revision out, and there is nothing to roll back to.

Why: --history-max is 1 or 2; failed revisions count too.

What to do instead: keep at least 5, or ten, which is the default.
"""

from collections.abc import Iterator

from policylint.invocations.advice import replace_flag, severity
from policylint.invocations.model import Invocation
from policylint.model import Category, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.NOTE, params={"least": 3})
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The limit is below `least` and not 0."""
    value = str(invocation.flag("history-max").value)
    if invocation.deploys and value.isdigit() and 0 < int(value) < int(context.params["least"]):
        yield Violation(
            message=f"a history of {value} leaves nothing to roll back to after a failed upgrade",
            because="failed revisions count, and push good ones out",
            severity=severity(context),
            fixes=(replace_flag(invocation, "history-max", "--history-max 10", "keep ten revisions"),),
        )
