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
from policylint.scan.invocations.advice import replace_flag, severity
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.NOTE, params={"most": 200})
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The limit is 0 or above `most`, as a flag or a variable; Terraform's default is 0 too."""
    flag = invocation.flag("history-max")
    variable = invocation.environment.get("HELM_MAX_HISTORY", "") if flag.state == "unset" else ""
    terraform = invocation.tool == "terraform" and flag.state == "unset"
    value = "0" if terraform else variable or str(flag.value)
    none, many = value == "0", value.isdigit() and int(value) > int(context.params["most"])
    if not invocation.deploys or (invocation.tool == "fleet" and none) or not (none or many):
        return  # Fleet takes 0 for its own default of two
    name = "HELM_MAX_HISTORY" if variable else "Terraform's default" if terraform else "the limit"
    yield Violation(
        message="every revision of the release is kept for ever"
        if none
        else f"{value} revisions are kept",
        because=f"{name} is {value}",
        severity=severity(context) if not terraform else None,
        fixes=(replace_flag(invocation, "history-max", "--history-max 10", "keep ten revisions"),),
    )
