"""A StatefulSet loses the Service that names its pods.

What happens: the names POD.SERVICE.NAMESPACE.svc resolve no more: members of a cluster do not find
each other.

Why: the Service that the StatefulSet's serviceName says is deleted or renamed in this upgrade;
serviceName itself cannot change.

What to do instead: keep the Service under its name.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import governing_service
from policylint.kubernetes.forecast.impact import deleted
from policylint.model import Category, Fix, Severity, Upgrade, Violation


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """The Service of a StatefulSet of the after side was on the before side and goes."""
    gone = {change.id for change in deleted(upgrade, "Service")}
    for identity, resource in upgrade.after.resources.items() if gone else ():
        service = governing_service(resource)
        if service in gone:
            yield Violation(
                message=f"the pods of {identity} lose their DNS names with {service}",
                because="the Service that serviceName says is deleted in this upgrade",
                path="/spec/serviceName",
                after=service.name,
                resource=identity,
                fixes=(Fix(f"keep {service}"),),
            )
