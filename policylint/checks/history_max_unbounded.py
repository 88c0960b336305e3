"""The history grows without bound.

What happens: every revision stays as a Secret in the cluster; listing releases gets slow, and etcd
fills up.

Why: --history-max (or HELM_MAX_HISTORY, max_history, maxHistory) is 0, which means no limit, or
hundreds.

What to do instead: leave it at 10, or choose a number that covers the rollbacks you want.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.runtime.digits import whole_or
from policylint.scan.invocations.advice import replace_flag, severity
from policylint.scan.invocations.model import Invocation

TERRAFORM = "Terraform's default"


@rule(category=Category.PRACTICE, severity=Severity.NOTE, params={"most": 200})
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The limit is 0 or above `most`, as a flag or a variable; Terraform's default is 0 too."""
    if not invocation.deploys:
        return
    name, value = _limit(invocation)
    if value == "0" and invocation.tool != "fleet":  # Fleet takes 0 for its own default of two
        message = "every revision of the release is kept for ever"
    elif whole_or(value, 0) > int(context.params["most"]):
        message = f"{value} revisions are kept"
    else:
        return
    yield Violation(
        message=message,
        because=f"{name} is {value}",
        severity=severity(context) if name != TERRAFORM else None,
        fixes=(replace_flag(invocation, "history-max", "--history-max 10", "keep ten revisions"),),
    )


def _limit(invocation: Invocation) -> tuple[str, str]:
    """(what sets the limit, the limit as it is written)."""
    flag = invocation.flag("history-max")
    if flag.state != "unset":
        return "the limit", str(flag.value)
    if invocation.tool == "terraform":
        return TERRAFORM, "0"
    variable = invocation.environment.get("HELM_MAX_HISTORY", "")
    if variable:
        return ("HELM_MAX_HISTORY", variable)
    return ("the limit", str(flag.value))
