"""An Ingress moves to another controller.

What happens: another controller, with another address, answers for the Ingress; the old address
stops.

Why: ingressClassName, or the old annotation for it, changes.

What to do instead: create a second Ingress of the new class, move DNS, then remove the old one.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.model import Category, Fix, Kept, Resource, Severity, Violation

OLD = "kubernetes.io/ingress.class"


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """The class by field or annotation is another one after; saying the same class in the new field
    is no change."""
    if change.id.kind != "Ingress" or not change.fields:
        return
    old, new = _ingress_class(change.before), _ingress_class(change.after)
    if old and old != new:
        yield Violation(
            message="another ingress controller takes over: "
            f"class {old} becomes {new or 'the default'}",
            path="/spec/ingressClassName",
            before=old,
            after=new or None,
            fixes=(
                Fix("add a second Ingress of the new class, move DNS, then remove the old one"),
            ),
        )


def _ingress_class(ingress: Resource) -> str:
    return str(at(ingress.body, "spec", "ingressClassName") or ingress.annotations.get(OLD) or "")
