"""The selector of a workload changes.

What happens: the API server refuses the update with 'spec.selector: ... field is immutable'; every
other object of the release is already changed by then.

Why: a controller finds its pods by the selector, so apps/v1 never lets it change. Charts get here
by putting the chart's or the application's version, or a renamed label, into the selector.

What to do instead: keep the old selector labels; where the new ones are wanted, delete the workload
without its pods (kubectl delete --cascade=orphan) and upgrade, or let the chart create it under
another name.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "selector-changed", context)
