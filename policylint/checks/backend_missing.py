"""A route leads to a Service that is gone.

What happens: requests for the path are answered with 503 (or 500) by the controller.

Why: the Service that an Ingress or a Gateway route names is deleted or renamed in this upgrade.

What to do instead: change the backend together with the Service, or keep the Service.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.backends import backends
from policylint.kubernetes.forecast.impact import is_kept
from policylint.model import Category, Deleted, Fix, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A backend of the after side is a Service that this upgrade deletes."""
    gone = {
        change.id
        for change in upgrade.of("Service")
        if isinstance(change, Deleted) and not is_kept(change.before)
    }
    for resource in upgrade.after.resources.values() if gone else ():
        for backend in backends(resource):
            if backend.service in gone:
                yield Violation(
                    message=f"{resource.id} sends traffic to {backend.service}, "
                    "which this upgrade deletes",
                    path=backend.path,
                    after=backend.service.name,
                    resource=resource.id,
                    fixes=(
                        Fix(f"keep {backend.service}, or name the Service that takes its place"),
                    ),
                )
