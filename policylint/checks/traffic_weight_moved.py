"""A backend that had traffic gets none.

What happens: all requests go to the other backends at once, which may be fewer, colder or of
another version.

Why: the weight of a backend of a route falls to 0 in one upgrade.

What to do instead: move the weight in steps, and watch the errors in between.
"""

from collections.abc import Iterator, Mapping

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import number, part, parts, text
from policylint.model import Category, Confidence, Fix, Kept, Object, Resource, Severity, Violation

ROUTES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("gateway.networking.k8s.io", "HTTPRoute"): ("rules", "backendRefs"),
    ("gateway.networking.k8s.io", "GRPCRoute"): ("rules", "backendRefs"),
    ("networking.istio.io", "VirtualService"): ("http", "route"),
}
"""Where a route lists its rules, and a rule its backends."""


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A backend that is still named, with a weight before and 0 after in every rule."""
    lists = ROUTES.get((change.id.group, change.id.kind))
    if lists is None or not change.fields:
        return
    before, after = _weights(change.before, lists), _weights(change.after, lists)
    for backend, weight in before.items():
        if weight and after.get(backend) == 0:
            yield Violation(
                message=f"{backend} gets no traffic from {change.id} any more",
                because=f"its weight goes from {weight} to 0 in one upgrade",
                path=f"/spec/{lists[0]}",
                before=weight,
                after=0,
                fixes=(Fix("move the weight in steps, and watch the errors in between"),),
            )


def _weights(route: Resource, lists: tuple[str, ...]) -> dict[str, int]:
    """The largest weight of each backend in any rule; 1 where none is given (100 of Istio's)."""
    weights: dict[str, int] = {}
    for entry in parts(route.body, "spec", lists[0]):
        for backend in parts(entry, lists[1]):
            weight = number(backend, "weight")
            name = _name(backend)
            weights[name] = max(weights.get(name, 0), 1 if weight is None else weight)
    return weights


def _name(backend: Object) -> str:
    to = part(backend, "destination")
    subset = f" ({text(to, 'subset')})" if text(to, "subset") else ""
    return (text(backend, "name") or text(to, "host")) + subset
