"""A timeout that Helm cannot read.

What happens: helm stops at once: time: missing unit in duration (Helm 2 took seconds).

Why: the value of --timeout is a plain number.

What to do instead: write the unit: 300s or 5m.
"""

from collections.abc import Iterator

from policylint.invocations.advice import replace_flag
from policylint.invocations.model import Invocation
from policylint.model import Category, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A plain number other than 0."""
    flag = invocation.flag("timeout")
    if invocation.tool == "helm" and flag.state == "set" and str(flag.value).isdigit() and int(str(flag.value)):
        yield Violation(
            message=f"helm refuses --timeout {flag.value}: the unit is missing",
            before=str(flag.value),
            after=f"{flag.value}s",
            fixes=(replace_flag(invocation, "timeout", f"--timeout {flag.value}s", "write the unit"),),
        )
