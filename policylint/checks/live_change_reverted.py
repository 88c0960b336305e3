"""The upgrade puts back what somebody changed in the cluster.

What happens: the live object has another value than both sides of the upgrade: a password that was
rotated, a number of replicas, a limit. The upgrade sets it back to the rendered one.

Why: Helm compares what it renders with the live object, and not only with its last manifest.

What to do instead: bring the change into the values or the template first, or let it go knowingly.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.autoscalers import targets
from policylint.model import Category, FieldChange, Fix, Kept, Severity, Violation

SHOWN = 5


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """What the forecast changes of the given live object although the manifests agree."""
    secret = change.id.kind == "Secret"  # the live value is known to no redactor
    for field in _reverted(change, context)[:SHOWN]:
        yield Violation(
            message="the upgrade puts back what was changed in the cluster",
            because="the live object differs from both sides",
            path=field.path,
            before=None if secret else field.before,
            after=None if secret else field.after,
            fixes=(Fix("bring the value of the cluster into the values or the template first"),),
        )


def _reverted(change: Kept, context: Context) -> list[FieldChange]:
    """What is put back, without the replicas of an autoscaler: replicas-with-autoscaler tells."""
    reverted = list(change.forecast.reverted)
    if not reverted or context.upgrade is None:
        return reverted
    scaled = {target for _, target in targets(context.upgrade.after)}
    return [
        field for field in reverted if field.path != "/spec/replicas" or change.id not in scaled
    ]
