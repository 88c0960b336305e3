"""The first deploy fails.

What happens: helm says: release: not found (or: has no deployed releases).

Why: helm upgrade without --install needs a release that exists.

What to do instead: add --install, unless the release is installed elsewhere on purpose.
"""

from collections.abc import Iterator

from policylint.invocations.advice import add_flag, is_dry_run
from policylint.invocations.model import Invocation
from policylint.model import Category, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """upgrade without --install."""
    upgrades = invocation.tool == "helm" and invocation.action == "upgrade" and not is_dry_run(invocation)
    if upgrades and invocation.flag("install").state == "unset":
        yield Violation(
            message="the upgrade fails where the release does not exist yet: --install is missing",
            fixes=(add_flag(invocation, "--install", "add --install"),),
        )
