"""Many values on the command line and none in a file.

What happens: nobody reviews what the release runs with, and the next upgrade has to repeat every
word.

Why: several --set and no values file.

What to do instead: move the values into a file that is reviewed with the code, and pass it with -f.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Severity, Violation
from policylint.scan.invocations.advice import installs_or_upgrades, severity
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.NOTE, params={"most": 3})
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """At least `most` --set and no -f that can be seen."""
    hidden = invocation.dynamic and invocation.flag("values").state != "unset"
    many = len(invocation.sets) >= int(context.params["most"])
    if installs_or_upgrades(invocation) and many and not invocation.values_files and not hidden:
        yield Violation(
            message=f"{len(invocation.sets)} values come by --set, and none from a file",
            severity=severity(context),
            fixes=(Fix("write them into a values file and pass it with -f"),),
        )
