"""Two values modes that contradict each other.

What happens: one of them silently wins: reset before reuse before reset-then-reuse.

Why: the command gives more than one of --reset-values, --reuse-values and
--reset-then-reuse-values.

What to do instead: keep the one that is meant.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.scan.invocations.advice import replace_flag
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """More than one mode flag is set."""
    flags = [
        name
        for name in ("reset-values", "reuse-values", "reset-then-reuse-values")
        if invocation.flag(name).state == "set"
    ]
    if len(flags) > 1:
        yield Violation(
            message=f"--{flags[0]} beats --{flags[1]}, which does nothing",
            fixes=(replace_flag(invocation, flags[1], "", f"leave --{flags[1]} out"),),
        )
