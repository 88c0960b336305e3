"""Hooks do not run.

What happens: migrations, backups and checks that the chart runs as hooks are left out without a
word.

Why: --no-hooks (disableHooks, disable_webhooks) is set.

What to do instead: leave it out; to get past one broken hook, repair or delete that hook.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Grade, Severity, Violation
from policylint.scan.invocations.advice import remove_flag
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The flag is set where a release changes."""
    flag = invocation.flag("no-hooks")
    if invocation.deploys and flag.state == "set" and not _renders(invocation):
        yield Violation(
            message=f"{flag.written or '--no-hooks'} leaves out migrations and checks that the "
            "chart runs as hooks",
            fixes=(remove_flag(invocation, "no-hooks", "leave it out", Grade.UNSAFE),),
        )


def _renders(invocation: Invocation) -> bool:
    """Whether a helmfile's arguments can only be for `helmfile template`: an upgrade refuses
    --include-crds."""
    source = invocation.source
    return invocation.tool == "helmfile" and source is not None and "--include-crds" in source.text
