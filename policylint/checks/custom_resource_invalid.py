"""A custom resource breaks the rules of its CRD.

What happens: the API server refuses the object with the message quoted.

Why: the CRD's schema or one of its validation rules (x-kubernetes-validations) does not allow this
value, or this change of it.

What to do instead: set the field to a value the schema allows; where a rule forbids the change
itself, create a new resource.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "custom-resource-invalid", context)
