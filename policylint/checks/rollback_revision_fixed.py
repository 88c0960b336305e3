"""A rollback to the very first revision.

What happens: the release goes back to its first install, whatever was deployed since.

Why: the revision 1 is written into the script.

What to do instead: find the newest good revision when it is needed: policylint history.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Severity, Violation
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The revision is a literal 1."""
    if (
        invocation.tool == "helm"
        and invocation.action == "rollback"
        and invocation.positionals[1:2] == ("1",)
    ):
        yield Violation(
            message="the rollback goes back to the first install, whatever came since",
            fixes=(
                Fix(
                    "find the newest good revision first",
                    steps=("policylint history NAMESPACE/RELEASE",),
                ),
            ),
        )
