"""The API server refuses this object as it is.

What happens: the API server refuses it with the message quoted; nothing of this object is changed.

Why: the object breaks a rule of its kind: a selector that does not match the template's labels, a
mount without its volume, a request over the limit, a name or number out of range.

What to do instead: correct the field named; the message says what the server wants.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "invalid-object", context)
