"""The defaults of a rolling update are left behind.

What happens: the API server refuses the update: rollingUpdate may not be specified when the
strategy type is Recreate.

Why: server-side apply removes only the fields that the last apply had set; a rolling update that
was never written stays in the object as the server's default.

What to do instead: upgrade once with an explicit rollingUpdate, then switch to Recreate, or upgrade
once with --server-side=false.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "strategy-defaults-left", context)
