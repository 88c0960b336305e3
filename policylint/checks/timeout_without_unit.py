"""A timeout that Helm cannot read.

What happens: helm stops at once: time: missing unit in duration (Helm 2 took seconds); for a
HelmRelease or a HelmChart the API server does.

Why: the value of --timeout, or of Ansible's, Flux' or k3s' timeout, is a plain number.

What to do instead: write the unit: 300s or 5m.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.runtime.digits import whole_or
from policylint.scan.invocations.advice import replace_flag
from policylint.scan.invocations.defaults import called
from policylint.scan.invocations.model import Invocation

WITH_UNIT = ("helm", "ansible", "flux", "k3s")
"""Tools that take a duration; the others take seconds."""


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A plain number other than 0."""
    flag = invocation.flag("timeout")
    value = str(flag.value)
    if invocation.tool in WITH_UNIT and flag.state == "set" and whole_or(value, 0) > 0:
        name = called(invocation, "timeout", "--timeout")
        if invocation.tool == "ansible":
            who = "helm"
        else:
            who = invocation.tool
        yield Violation(
            message=f"{who} refuses {name} {value}: the unit is missing",
            before=value,
            after=f"{value}s",
            fixes=(replace_flag(invocation, "timeout", f"--timeout {value}s", "write the unit"),),
        )
