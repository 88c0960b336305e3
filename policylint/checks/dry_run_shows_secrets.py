"""A dry run prints Secrets.

What happens: the rendered Secrets stand in the log for everybody who can read it.

Why: --dry-run prints every manifest, and --hide-secret is not given.

What to do instead: add --hide-secret (Helm 3.15 and later).
"""

from collections.abc import Iterator

from policylint.invocations.advice import add_flag, is_dry_run
from policylint.invocations.model import Invocation
from policylint.model import Category, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """A dry run with --debug, or inside a CI job, without --hide-secret."""
    logged = invocation.flag("debug").state == "set" or invocation.job is not None
    if (
        invocation.tool == "helm"
        and is_dry_run(invocation)
        and logged
        and invocation.flag("hide-secret").state == "unset"
    ):
        yield Violation(
            message="this dry run prints the release's Secrets into the log",
            fixes=(add_flag(invocation, "--hide-secret", "add --hide-secret"),),
        )
