"""A custom resource comes in the same upgrade as the definition of its kind.

What happens: the upgrade stops with 'resource mapping not found for name: ... no matches for kind
... ensure CRDs are installed first'. Nothing of the release is sent.

Why: Helm looks the kind of every object up before it sends the first one, and the cluster does not
know a kind whose CustomResourceDefinition is new in templates/. What is new in crds/ is not applied
by an upgrade at all.

What to do instead: apply the definition before the upgrade, or ship it in a chart of its own that
is upgraded first.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "definition-not-there-yet", context)
