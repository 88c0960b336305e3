"""The values of the last release are kept.

What happens: new defaults of the chart are ignored: image tags stay old, and templates meet values
that lack the keys they need (nil pointer evaluating interface {}).

Why: --reuse-values (preserveValues, reuseValues, reuse_values) is given: Helm takes the computed
values of the old chart instead of the defaults of the new one. It bites when the chart changes:
another --version, another commit of a chart in the repository.

What to do instead: pass the whole values file at each upgrade; from Helm 3.14 on
--reset-then-reuse-values keeps your values and takes new defaults.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Grade, Severity, Violation
from policylint.scan.invocations.advice import line_of, replace_flag
from policylint.scan.invocations.model import Invocation
from policylint.scan.invocations.versions import absent

INSTEAD = "--reset-then-reuse-values"


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The flag is set, and --reset-values does not beat it."""
    flag = invocation.flag("reuse-values")
    if (
        invocation.deploys
        and flag.state == "set"
        and invocation.flag("reset-values").state != "set"
    ):
        yield Violation(
            message=f"{flag.written or '--reuse-values'} hides the new chart's defaults",
            because="Helm takes the old chart's computed values instead" + _change(invocation),
            fixes=(_fix(invocation, context),),
        )


def _change(invocation: Invocation) -> str:
    version = invocation.version or invocation.written.get("version", "")
    if version:
        return f", also for version {version} of {invocation.chart or 'the chart'}"
    return ""


def _fix(invocation: Invocation, context: Context) -> Fix:
    version = invocation.helm_version or line_of(invocation, context)
    if invocation.tool == "helm" and not absent(
        version, invocation.action, INSTEAD.removeprefix("--")
    ):
        return replace_flag(invocation, "reuse-values", INSTEAD, f"write {INSTEAD}", Grade.UNSAFE)
    return replace_flag(
        invocation, "reuse-values", "", "leave it out, and give all values each time", Grade.UNSAFE
    )
