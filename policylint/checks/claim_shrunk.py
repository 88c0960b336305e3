"""A PersistentVolumeClaim is made smaller.

What happens: the API server refuses the update with 'field can not be less than previous value'.

Why: volumes can grow where the class allows it, and never shrink.

What to do instead: keep the size, or create a smaller claim under another name and move the data.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "claim-shrunk", context)
