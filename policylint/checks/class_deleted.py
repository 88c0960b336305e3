"""A class that objects of the release still name is deleted.

What happens: pods that name a PriorityClass or RuntimeClass that is gone are refused ("no
PriorityClass with name ... was found"), new claims of a StorageClass that is gone stay Pending, and
an Ingress whose IngressClass is gone is served by no controller.

Why: the upgrade deletes the class, and something that stays names it.

What to do instead: keep the class until nothing names it.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.kubernetes.api.volumes import claim_templates
from policylint.kubernetes.api.workloads import pod_template
from policylint.kubernetes.forecast.impact import deleted
from policylint.model import Category, Fix, Json, Resource, Severity, Upgrade, Violation
from policylint.runtime.sentences import first_of

CLASSES = {
    "PriorityClass": "new pods of it are refused",
    "RuntimeClass": "new pods of it are refused",
    "StorageClass": "new claims of it stay Pending",
    "IngressClass": "no controller serves it",
}


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A deleted class, and the first object of the after side that names it."""
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


def _named(user: Resource, kind: str) -> list[Json]:
    """The names of a kind of class in an object."""
    if kind == "StorageClass":
        claims = [user.body] if user.id.kind == "PersistentVolumeClaim" else []
        claims += claim_templates(user).values()
        return [at(claim, "spec", "storageClassName") for claim in claims]
    if kind == "IngressClass":
        return [at(user.body, "spec", "ingressClassName")] if user.id.kind == "Ingress" else []
    field = "priorityClassName" if kind == "PriorityClass" else "runtimeClassName"
    return [at(pod_template(user) or {}, "spec", field)]
