"""The values of the last release are kept.

What happens: new defaults of the chart are ignored: image tags stay old, and templates meet values that lack
the keys they need (nil pointer evaluating interface {}).

Why: --reuse-values is given: Helm takes the computed values of the old chart instead of the defaults of the new
one.

What to do instead: pass the whole values file at each upgrade; from Helm 3.14 on --reset-then-reuse-values
keeps your values and takes new defaults.
"""

from collections.abc import Iterator

from policylint.invocations.advice import replace_flag
from policylint.invocations.model import Invocation
from policylint.model import Category, Grade, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The flag is set, and --reset-values does not beat it."""
    if (
        invocation.deploys
        and invocation.flag("reuse-values").state == "set"
        and invocation.flag("reset-values").state != "set"
    ):
        text = "--reset-then-reuse-values"
        yield Violation(
            message="--reuse-values hides the new chart's defaults",
            because="Helm takes the old chart's computed values instead",
            fixes=(replace_flag(invocation, "reuse-values", text, f"write {text}", Grade.UNSAFE),),
        )
