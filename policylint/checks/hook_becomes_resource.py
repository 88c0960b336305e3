"""A hook becomes a resource of the release, and Helm refuses to take it over.

What happens: the upgrade stops with "exists and cannot be imported into the current release".
Nothing of the release is sent.

Why: what a hook made stays in the cluster without Helm's marks of ownership, and the chart renders
an object of the same kind and name as an ordinary resource now.

What to do instead: delete what the hook left behind before the upgrade, or mark it as the
release's.

Source: pkg/action/validate.go (existingResourceConflict).
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Created, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR, confidence=Confidence.LIKELY)
def check(change: Created, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of an object that a hook of the before side left behind."""
    yield from refusals(change, "hook-becomes-resource", context)
