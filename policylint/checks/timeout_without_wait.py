"""A timeout without a wait.

What happens: the timeout bounds hooks only: helm does not wait for pods, whatever the timeout.

Why: --timeout is given, but neither --wait nor --atomic.

What to do instead: add --wait, or leave the timeout out.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.scan.invocations.advice import add_flag, changes_release, severity
from policylint.scan.invocations.defaults import called, off, on
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """--timeout with nothing that waits; a tool that is told not to wait was told so."""
    flag, wait = invocation.flag("timeout"), invocation.flag("wait")
    waits = (
        invocation.flag("atomic").state != "unset"
        or wait.value is False
        or not off(invocation, "wait")
    )
    if changes_release(invocation) and flag.state == "set" and not waits:
        name = called(invocation, "timeout", "--timeout")
        timeout = "" if flag.value is None else f" {flag.value}"
        yield Violation(
            message=f"{name}{timeout} bounds hooks only: nothing waits for the pods",
            severity=severity(context),
            fixes=(add_flag(invocation, "--wait", f"add {on(invocation, 'wait', '--wait')}"),),
        )
