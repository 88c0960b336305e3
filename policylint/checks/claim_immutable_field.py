"""A field of a PersistentVolumeClaim that never changes is changed.

What happens: the API server refuses the update with 'spec is immutable after creation except
resources.requests ...'.

Why: class, access modes, volume mode and name of a claim are fixed once it exists; only the request
of a bound claim may grow.

What to do instead: create a new claim under another name and move the data.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "claim-immutable-field", context)
