"""Fields of other managers are overwritten.

What happens: what an autoscaler, an operator or a person set is written over at every upgrade.

Why: --force-conflicts is set, which takes every field whatever its owner.

What to do instead: leave the contested fields out of the chart (replicas with an autoscaler), and
keep conflicts loud.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.scan.invocations.advice import replace_flag
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The flag is set where a release changes."""
    flag = invocation.flag("force-conflicts")
    if invocation.deploys and flag.state == "set":
        yield Violation(
            message=f"{flag.written or '--force-conflicts'} takes fields from autoscalers and "
            "operators",
            locations=invocation.places("force-conflicts"),
            fixes=(replace_flag(invocation, "force-conflicts", "", "leave it out"),),
        )
