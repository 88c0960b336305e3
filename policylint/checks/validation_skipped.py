"""Objects or values are not validated.

What happens: a misspelt field or a value of the wrong type reaches the cluster, or is dropped
silently.

Why: --disable-openapi-validation or --skip-schema-validation is set.

What to do instead: leave it out, and correct what it complains about.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.scan.invocations.advice import replace_flag
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """One of the flags is set where a release changes."""
    for name in ("disable-openapi-validation", "skip-schema-validation"):
        flag = invocation.flag(name)
        if invocation.deploys and flag.state == "set":
            yield Violation(
                message=f"{flag.written or '--' + name} switches off a check that finds "
                "misspelt fields and values",
                fixes=(replace_flag(invocation, name, "", "leave it out"),),
            )
