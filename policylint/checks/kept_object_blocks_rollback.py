"""An object that is dropped but kept stands in the way of a rollback.

What happens: `helm rollback` stops with `no Widget with the name "web" found`, part of the
release rolled back.

Why: helm.sh/resource-policy: keep leaves the object in the cluster when the release drops it. Helm
3 rolls back to a manifest that has the custom resource, finds it alive, and has no base for it in
the current revision. Of kinds that Helm knows it takes the live object as the base, and so does
Helm 4 of all.

What to do instead: delete the kept object by hand before a rollback, or use Helm 4 for it.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.pointers import step
from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.forecast.impact import KEEP, is_kept
from policylint.model import Category, Deleted, Direction, Fix, Severity, Violation


@rule(category=Category.ROLLBACK, severity=Severity.WARNING)
def check(change: Deleted, context: Context) -> Iterator[Violation]:
    """A custom resource with the keep policy leaves the release, and Helm 3 deploys it."""
    if context.target.helm != "3" or not is_kept(change.before):
        return
    if schemas(context.target.kubernetes).kind(change.before.api_version, change.id.kind):
        return
    where = f" -n {change.id.namespace}" if change.id.namespace else ""
    yield Violation(
        message=f"a rollback stops at {change.id}: the release drops it, "
        "the keep policy leaves it in the cluster",
        because=f'Helm 3 answers: no {change.id.kind} with the name "{change.id.name}" found',
        path=step("/metadata/annotations", KEEP),
        before="keep",
        direction=Direction.ROLLBACK,
        fixes=(
            Fix(
                "before a rollback, save the kept object and take it out of the way, "
                "or roll back with Helm 4",
                steps=(
                    f"kubectl get {change.id.kind.lower()} {change.id.name}{where} -o yaml > "
                    "kept.yaml",
                    f"kubectl delete {change.id.kind.lower()} {change.id.name}{where}",
                ),
                cost="deleting it loses what it holds: for a claim or Secret use Helm 4 instead",
            ),
        ),
    )
