"""Objects are replaced instead of patched.

What happens: a replacement takes away what controllers and other tools wrote, and fails for
Services and claims, whose allocated fields it leaves out. It does not get past an immutable field,
and it does not unlock a pending release.

Why: --force (Helm 4: --force-replace), or what other tools call force, force_update, forceUpdate or
Replace=true, is given; Helm 4 refuses it together with server-side apply.

What to do instead: leave it out; where a field is immutable, delete that one object and upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Severity, Violation
from policylint.scan.invocations.advice import replace_flag
from policylint.scan.invocations.model import Invocation


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(invocation: Invocation, context: Context) -> Iterator[Violation]:
    """The flag is set on an install, upgrade or rollback, or declared."""
    flag = invocation.flag("force")
    at_hand = not flag.written.startswith("Force=")  # Argo CD reads that one on objects only
    if invocation.deploys and flag.state == "set" and at_hand:
        yield Violation(
            message=f"{flag.written or '--force'} replaces objects: Services and claims break, "
            "immutable fields stay",
            locations=invocation.places("force"),
            fixes=(replace_flag(invocation, "force", "", "leave it out"),),
        )
