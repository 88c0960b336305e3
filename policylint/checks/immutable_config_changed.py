"""An immutable ConfigMap or Secret changes.

What happens: the API server refuses the update with 'field is immutable when `immutable` is set'.

Why: immutable: true is a promise to the kubelet that the data never changes; it cannot be taken
back.

What to do instead: put a hash of the data into the object's name, so that each version is an object
of its own.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "immutable-config-changed", context)
