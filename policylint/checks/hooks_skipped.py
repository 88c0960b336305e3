"""Hooks do not run.

What happens: migrations, backups and checks that the chart runs as hooks are left out without a word.

Why: --no-hooks (disableHooks, disable_webhooks) is set.

What to do instead: leave it out; to get past one broken hook, repair or delete that hook.
"""

from collections.abc import Iterator

from policylint.invocations.advice import replace_flag
from policylint.invocations.model import Invocation
from policylint.model import Category, Severity, Violation
from policylint.rule import Context, rule


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """One of the flags is set where a release changes."""
    for name in ("no-hooks",):
        flag = invocation.flag(name)
        if invocation.deploys and flag.state == "set":
            yield Violation(
                message=f"{flag.written or '--' + name} leaves out migrations and checks that the chart runs as hooks",
                fixes=(replace_flag(invocation, name, "", "leave it out"),),
            )
