"""A rollback to whatever came before.

What happens: helm goes back one revision, even if that one failed.

Why: helm rollback without a revision, or with 0, means the revision before the current one.

What to do instead: name the newest good revision: policylint history says which it is.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Severity, Violation
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """No revision, or 0, after the release; silent where words are hidden."""
    if invocation.tool != "helm" or invocation.action != "rollback" or invocation.dynamic:
        return
    revision = invocation.positionals[1:2]
    if not revision or revision[0] == "0":
        yield Violation(
            message="the rollback goes to the revision before, even if that one failed",
            because="0 means the revision before" if revision else "no revision is given",
            fixes=(
                Fix(
                    "name the newest good revision", steps=("policylint history NAMESPACE/RELEASE",)
                ),
            ),
        )
