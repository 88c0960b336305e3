"""A release is uninstalled that something still routes to.

What happens: the Service's endpoints go, and whoever comes through the Ingress, route or Service
gets 503.

Why: helm uninstall takes the pods and Services of a release away, while a manifest of this
repository, which is no part of the release, still names them.

What to do instead: move the route first, or remove it together with the release. A reinstall is an
outage too: upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Confidence, Fix, Severity, Violation
from policylint.runtime.sentences import first_of
from policylint.scan.repository.routes import Removal


@rule(category=Category.PRACTICE, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(removal: Removal, context: Context) -> Iterator[Violation]:
    """An Ingress, Gateway route, VirtualService or Service whose backend carries the release's
    name."""
    first = removal.routes[0]
    names = first_of([route.what for route in removal.routes], 1)
    yield Violation(
        message=f"{names} still routes to {removal.release}, which is uninstalled here",
        because=f"{first.location.file}:{first.location.line} names a Service of the release",
        before=removal.release,
        locations=(removal.location, *(route.location for route in removal.routes)),
        fixes=(Fix("move or remove the route first"),),
    )
