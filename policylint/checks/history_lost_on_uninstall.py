"""Uninstalling forgets the release.

What happens: the release cannot be rolled back, and nobody can tell any more what ran.

Why: helm uninstall without --keep-history deletes every record.

What to do instead: add --keep-history where you may want to come back.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.scan.invocations.advice import add_flag, is_dry_run
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """uninstall without --keep-history."""
    if (
        invocation.tool == "helm"
        and invocation.action == "uninstall"
        and invocation.flag("keep-history").state == "unset"
        and not is_dry_run(invocation)
    ):
        yield Violation(
            message="the release cannot come back: its history is deleted with it",
            fixes=(add_flag(invocation, "--keep-history", "add --keep-history"),),
        )
