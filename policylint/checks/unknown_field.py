"""A field that the API does not know.

What happens: under server-side apply (Helm 4) the API server refuses the object with 'field not
declared in schema'; under Helm 3 the field is dropped with a warning.

Why: the field is misspelt, sits at the wrong level, or belongs to another version of the API.

What to do instead: correct or remove the field.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "unknown-field", context)
