"""A class that objects name is deleted.

What happens: pods that name a PriorityClass or RuntimeClass that is gone are refused ("no
PriorityClass with name ... was found"), new claims of a StorageClass that is gone stay Pending, and
an Ingress whose IngressClass is gone is served by no controller.

Why: the upgrade deletes the class, and something that stays names it. A class belongs to the whole
cluster: where nothing of the release names it, other releases may.

What to do instead: keep the class until nothing in the cluster names it.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.kubernetes.api.volumes import claim_templates
from policylint.kubernetes.api.workloads import pod_template
from policylint.kubernetes.forecast.impact import deleted
from policylint.model import (
    Category,
    Confidence,
    Deleted,
    Fix,
    Json,
    Resource,
    Severity,
    Upgrade,
    Violation,
)
from policylint.runtime.sentences import first_of

CLASSES = {
    "PriorityClass": "new pods of it are refused",
    "RuntimeClass": "new pods of it are refused",
    "StorageClass": "new claims of it stay Pending",
    "IngressClass": "no controller serves it",
}
USERS = {
    "PriorityClass": ("pods", "priorityClassName"),
    "RuntimeClass": ("pods", "runtimeClassName"),
    "StorageClass": ("pvc", "storageClassName"),
    "IngressClass": ("ingress", "ingressClassName"),
}
"""What names a class, as kubectl calls it, and the field of its spec."""


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A deleted class, and the first object of the after side that names it; the other releases of
    the cluster where none does."""
    for change in deleted(upgrade, *CLASSES):
        kind, name = change.id.kind, change.id.name
        users = [user for user in upgrade.after.resources.values() if name in _named(user, kind)]
        if users:
            names = first_of([str(user.id) for user in users], 1)
            yield Violation(
                message=f"{names} names {kind} {name}, which this upgrade deletes: {CLASSES[kind]}",
                because=f"{change.id} is no part of the release any more",
                resource=change.id,
                fixes=(Fix(f"keep {kind} {name} until nothing names it"),),
            )
        else:
            yield _elsewhere(change)


def _elsewhere(change: Deleted) -> Violation:
    kind, name = change.id.kind, change.id.name
    users, field = USERS[kind]
    columns = f"NAMESPACE:.metadata.namespace,NAME:.metadata.name,CLASS:.spec.{field}"
    return Violation(
        message=f"this upgrade deletes {kind} {name}; where another release names it: "
        f"{CLASSES[kind]}",
        because="a class belongs to the whole cluster; an offline run does not see who names it",
        resource=change.id,
        severity=Severity.WARNING,
        confidence=Confidence.DEPENDS,
        fixes=(
            Fix(
                f"keep {kind} {name} until nothing in the cluster names it",
                steps=(f"kubectl get {users} -A -o custom-columns={columns}",),
            ),
        ),
    )


def _named(user: Resource, kind: str) -> list[Json]:
    """The names of a kind of class in an object."""
    _, field = USERS[kind]
    if kind == "StorageClass":
        claims = [user.body] if user.id.kind == "PersistentVolumeClaim" else []
        claims += claim_templates(user).values()
        return [at(claim, "spec", field) for claim in claims]
    if kind == "IngressClass":
        return [at(user.body, "spec", field)] if user.id.kind == "Ingress" else []
    return [at(pod_template(user) or {}, "spec", field)]
