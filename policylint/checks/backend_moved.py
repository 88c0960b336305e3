"""A route moves to another Service.

What happens: all requests for the path go to the pods of another Service at the moment of the
upgrade: the switch of a blue-green release, or an accident.

Why: the backend of an Ingress or Gateway route changes, and both Services belong to this release.

What to do instead: for a switch, let the new workload run at full size first, and move the route in
an upgrade of its own; keep the old workload until the new one has proved itself.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.backends import Backend, backends, has_port
from policylint.kubernetes.api.traffic import readiness
from policylint.kubernetes.api.workloads import behind, mapping
from policylint.model import (
    Category,
    Created,
    Deleted,
    Fix,
    Kept,
    Resource,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.NOTE, params={"keep": 0.5})
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A backend at the same place names another Service of the release: how ready its pods are
    makes the severity."""
    renamed_from = {change.id for change in upgrade.of("Service") if isinstance(change, Deleted)}
    created = {change.id for change in upgrade.changes if isinstance(change, Created)}
    for change in upgrade.changes:
        if not isinstance(change, Kept) or not change.fields:
            continue
        for old, new in _moves(change):
            was, now = (
                upgrade.before.resources.get(old.service),
                upgrade.after.resources.get(new.service),
            )
            if was is None or now is None or old.service in renamed_from:
                continue
            answered, answers = behind(was, upgrade.before), behind(now, upgrade.after)
            if {found.id for found in answered} & {found.id for found in answers}:
                continue
            if not answers and not mapping(now.body, "spec", "selector"):
                continue  # what is behind it is not for a selector to say
            severity, because = _judged(
                new, now, readiness(answered, answers, created, float(context.params["keep"]))
            )
            yield Violation(
                message=f"{change.id} moves from {old.service} to {new.service}",
                because=_pods(answers) + because
                if answers
                else "no pods of this release are behind it",
                path=new.path,
                before=old.service.name,
                after=new.service.name,
                severity=severity,
                resource=change.id,
                fixes=(
                    Fix(
                        "bring the new workload up at full size first, then move the route in its own upgrade"
                    ),
                ),
            )


def _moves(change: Kept) -> Iterator[tuple[Backend, Backend]]:
    """(before, after) of each backend whose place stays and whose Service is another one."""
    before = {backend.path: backend for backend in backends(change.before)}
    for backend in backends(change.after):
        old = before.get(backend.path)
        if old is not None and old.service != backend.service:
            yield old, backend


def _judged(
    backend: Backend, service: Resource, found: tuple[Severity, str]
) -> tuple[Severity, str]:
    """The readiness of the pods, or the worse fact that the Service does not have the port."""
    if backend.port is None or has_port(service, backend.port):
        return found
    return Severity.ERROR, f"the Service has no port {backend.port}"


def _pods(found: list[Resource]) -> str:
    return f"{', '.join(str(resource.id) for resource in found)} is behind it: " if found else ""
