"""Two items of a list have the same key.

What happens: under server-side apply (Helm 4) the API server refuses the object with 'duplicate
entries for key'.

Why: lists such as env, ports and volumes are maps by their key to the API server; two items of one
key cannot be told apart.

What to do instead: remove one of the two items.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "duplicate-list-key", context)
