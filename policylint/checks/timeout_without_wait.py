"""A timeout without a wait.

What happens: the timeout bounds hooks only: helm does not wait for pods, whatever the timeout.

Why: --timeout is given, but neither --wait nor --atomic.

What to do instead: add --wait, or leave the timeout out.
"""

from collections.abc import Iterator

from policylint.invocations.advice import add_flag, installs_or_upgrades, severity
from policylint.invocations.model import Invocation
from policylint.model import Category, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """--timeout with nothing that waits."""
    given = {name: invocation.flag(name).state for name in ("timeout", "wait", "atomic")}
    if installs_or_upgrades(invocation) and given == {"timeout": "set", "wait": "unset", "atomic": "unset"}:
        yield Violation(
            message=f"--timeout {invocation.flag('timeout').value} bounds hooks only: nothing waits for the pods",
            severity=severity(context),
            fixes=(add_flag(invocation, "--wait", "add --wait"),),
        )
