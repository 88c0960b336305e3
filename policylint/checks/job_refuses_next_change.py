"""A Job will refuse its next change.

What happens: the first upgrade that changes the Job (a new image, another argument) is refused.

Why: a Job that is no hook and has no ttlSecondsAfterFinished stays in the cluster, and its template
cannot change.

What to do instead: make it a hook with before-hook-creation, put a hash into its name, or set
ttlSecondsAfterFinished.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.model import Category, Created, Fix, Severity, Violation


@rule(category=Category.PRACTICE, severity=Severity.NOTE)
def check(change: Created, context: Context) -> Iterator[Violation]:
    """A plain Job comes in with this upgrade."""
    if (
        change.id.kind == "Job"
        and change.id.group == "batch"
        and at(change.after.body, "spec", "ttlSecondsAfterFinished") is None
    ):
        yield Violation(
            message="the next change of this Job is refused while it is in the cluster",
            because="it is no hook and has no ttlSecondsAfterFinished",
            path="/spec/template",
            fixes=(
                Fix(
                    "make it a hook with before-hook-creation, or put a hash of its template "
                    "into its name"
                ),
            ),
        )
