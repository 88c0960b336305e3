"""The roleRef of a binding changes.

What happens: the API server refuses the update with 'cannot change roleRef'.

Why: a binding's role is fixed, so that nobody who may edit its subjects can widen what they may do.

What to do instead: give the new binding another name, or delete the old binding before the upgrade.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "role-ref-changed", context)
