"""A custom resource that is dropped, and stays in the cluster, stands in the way of a rollback.

What happens: `helm rollback` stops with `metadata.resourceVersion: Invalid value: 0: must be
specified for an update`, part of the release rolled back.

Why: helm.sh/resource-policy: keep leaves the object in the cluster when the release drops it, and
so does an upgrade that fails before it deletes anything. Helm 3 rolls back to a manifest that has
the custom resource, finds it alive, and sends a patch that takes its resource version away. Of
kinds that Helm knows it sends another patch, and Helm 4 sends another one of all.

What to do instead: delete the object by hand before a rollback, or use Helm 4 for it.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.forecast.impact import KEEP, is_kept
from policylint.kubernetes.forecast.leftovers import TOPIC
from policylint.model import Category, Deleted, Direction, Fix, Severity, Violation
from policylint.runtime.pointers import step


@rule(category=Category.ROLLBACK, severity=Severity.ERROR)
def check(change: Deleted, context: Context) -> Iterator[Violation]:
    """Explain what the forecast says of the way back to a resource that the release drops."""
    answer = change.forecast.rollback
    if answer:
        causes = [cause for cause in answer.causes if cause.topic == TOPIC]
    else:
        causes = []
    if not causes:
        return
    cause = causes[0]
    kept = is_kept(change.before)
    if kept:
        why = "the keep policy leaves it in the cluster"
    else:
        why = "the upgrade fails before it"
    yield Violation(
        message=f"a rollback stops at {change.id}: the release drops it, {why}",
        because=f"Helm 3 is answered: {cause.field}: {cause.message}",
        path=step("/metadata/annotations", KEEP) if kept else "",
        before="keep" if kept else None,
        direction=Direction.ROLLBACK,
        fixes=(
            Fix(
                "before a rollback, save the object and take it out of the way, "
                "or roll back with Helm 4",
                steps=(
                    f"kubectl get {named(change.id)} -o yaml > kept.yaml",
                    f"kubectl delete {named(change.id)}",
                ),
                cost="deleting it loses what it holds: use Helm 4 instead where that matters",
            ),
        ),
    )
