"""The CI job is stopped before helm gives up.

What happens: helm is killed while it waits, so that nothing is rolled back and the release stays in
pending-upgrade.

Why: the time limit of the job or step is not longer than --timeout (5m where none is given).

What to do instead: give the job a few minutes more than helm.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Severity, Violation
from policylint.scan.invocations.advice import seconds
from policylint.scan.invocations.model import Invocation

DEFAULT = "5m0s"


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A command that waits, in a job whose limit is known."""
    flag = invocation.flag("timeout")
    limit = invocation.job.timeout if invocation.job else None
    if limit is None or flag.state == "unknown" or not _waits(invocation):
        return
    if flag.state == "unset":
        timeout = DEFAULT
    else:
        timeout = str(flag.value)
    most = seconds(timeout)
    if most is not None and limit * 60 <= most:
        yield Violation(
            message=f"CI ends it after {limit:g} minutes, and helm may wait {timeout}: "
            "the release would stay locked",
            before=f"{limit:g} minutes",
            fixes=(Fix(f"give the job more than {timeout}, or helm a shorter --timeout"),),
        )


def _waits(invocation: Invocation) -> bool:
    waits = any(invocation.flag(name).state == "set" for name in ("wait", "atomic"))
    return waits and invocation.deploys and not invocation.pretends
