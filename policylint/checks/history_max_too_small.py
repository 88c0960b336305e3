"""The history holds too few revisions to go back.

What happens: one failed upgrade pushes the last good revision out, and there is nothing to roll
back to.

Why: --history-max (or HELM_MAX_HISTORY, maxHistory, ...) is 1 or 2; failed revisions count too. A
team that wants to be able to go further back says so with the parameter `least`; then the default
of ten, or Flux' five, may be too few too.

What to do instead: keep at least 5, or ten, which is the default.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.runtime.digits import whole_or
from policylint.scan.invocations.advice import replace_flag, severity
from policylint.scan.invocations.defaults import called, default
from policylint.scan.invocations.model import Invocation

TEN = 10


@rule(category=Category.PRACTICE, severity=Severity.NOTE, params={"least": 3})
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The limit is below `least` and not 0: of the command, of the variable, or of the tool by
    default."""
    least, (value, why) = int(context.params["least"]), _limit(invocation)
    keeps = invocation.action in ("upgrade", "rollback") and not invocation.pretends
    if keeps and 0 < whole_or(value, 0) < least:
        wanted = str(max(TEN, least))
        yield Violation(
            message=f"a history of {value} leaves nothing to roll back to after a failed upgrade"
            if whole_or(value, 0) < TEN
            else f"a history of {value} is shorter than the {least} revisions that are wanted",
            because=f"failed revisions count, and push good ones out{why}",
            severity=severity(context),
            fixes=(
                replace_flag(
                    invocation, "history-max", f"--history-max {wanted}", f"keep {wanted} revisions"
                ),
            ),
        )


def _limit(invocation: Invocation) -> tuple[str, str]:
    """The limit as it is written, and where it comes from; "" where it cannot be told."""
    flag = invocation.flag("history-max")
    if flag.state != "unset":
        return str(flag.value), ""
    if invocation.tool == "helm":
        variable = invocation.environment.get("HELM_MAX_HISTORY", "")
    else:
        variable = ""
    if variable:
        return variable, f"; HELM_MAX_HISTORY is {variable}"
    if "HELM_MAX_HISTORY" in invocation.environment:
        return "", ""
    name = called(invocation, "history-max", "the limit")
    return str(default(invocation, "history-max") or ""), f"; {name} is not set"
