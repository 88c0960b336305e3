"""An object that Helm cannot deploy at all.

What happens: the upgrade stops with "resource name may not be empty" or "the server does not allow
this method on the requested resource". Nothing of the release is sent.

Why: Helm looks every object up by its name before it creates or patches it. One with generateName
has none, and kinds like TokenReview are questions that the server answers and does not keep.

What to do instead: give the object a name; take objects that are questions out of the chart, or
make them hooks.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "object-not-deployable", context)
