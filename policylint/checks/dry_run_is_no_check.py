"""A dry run taken for a check.

What happens: the pipeline is green, and the upgrade is refused all the same.

Why: helm upgrade --dry-run (of the server too) renders and looks up objects, but sends no update:
no immutable field, no conflict and no admission error can show.

What to do instead: put policylint check before the upgrade; the dry run may stay for what it does.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Severity, Violation
from policylint.scan.invocations.advice import is_dry_run
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """An install or upgrade that only pretends."""
    if (
        invocation.tool == "helm"
        and invocation.action in ("install", "upgrade")
        and is_dry_run(invocation)
    ):
        yield Violation(
            message="a dry run does not find what the cluster refuses: "
            "immutable fields, conflicts, admission",
            fixes=(
                Fix("check before the upgrade", steps=("policylint check -- helm upgrade ...",)),
            ),
        )
