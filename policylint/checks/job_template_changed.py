"""The template of a Job changes.

What happens: the API server refuses the update with 'spec.template: ... field is immutable'.

Why: a Job's pod template is fixed when the Job is created: a new image or argument means a new Job.

What to do instead: make the Job a Helm hook with the before-hook-creation delete policy, put a hash
of its template into its name, or delete the old Job before the upgrade.
"""

from collections.abc import Iterator

from policylint.advice.refusals import refusals
from policylint.engine.rule import Context, rule
from policylint.model import Category, Created, Kept, Severity, Violation


@rule(category=Category.CLUSTER_REJECTS, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of it, both ways."""
    yield from refusals(change, "job-template-changed", context)
