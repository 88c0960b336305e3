"""The API server refuses this change of a CustomResourceDefinition.

What happens: the API server refuses the update with the message quoted.

Why: group, names and scope of a CRD are fixed once it is established, and a version in which
objects are stored cannot be dropped.

What to do instead: keep the field; to drop a version, migrate the stored objects first and remove
it from status.storedVersions.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "crd-change-refused", context)
