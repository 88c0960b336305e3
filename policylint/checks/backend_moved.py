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
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.traffic import readiness
from policylint.kubernetes.api.workloads import behind
from policylint.model import (
    Category,
    Created,
    Deleted,
    Fix,
    Kept,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.NOTE, params={"keep": 0.5})
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A backend at the same place names another Service of the release: how ready its pods are
    makes the severity."""
    renamed_from = {change.id for change in upgrade.of("Service") if isinstance(change, Deleted)}
    for change in upgrade.changes:
        if not isinstance(change, Kept) or not change.fields:
            continue
        for old, new in _moves(change):
            if old.service not in renamed_from:
                yield from _judged_move(upgrade, change, old, new, float(context.params["keep"]))


def _judged_move(
    upgrade: Upgrade, change: Kept, old: Backend, new: Backend, keep: float
) -> Iterator[Violation]:
    """What a move means where both Services are of this release and other pods are behind them."""
    was = upgrade.before.resources.get(old.service)
    now = upgrade.after.resources.get(new.service)
    if was is None or now is None:
        return
    answered, answers = behind(was, upgrade.before), behind(now, upgrade.after)
    if _ids(answered) & _ids(answers):
        return
    if not answers and not part(now.body, "spec", "selector"):
        return  # what is behind it is not for a selector to say
    created = {kept.id for kept in upgrade.changes if isinstance(kept, Created)}
    severity, because = _judged(new, now, readiness(answered, answers, created, keep))
    fix = "bring the new workload up at full size first, then move the route in its own upgrade"
    yield Violation(
        message=f"{change.id} moves from {old.service} to {new.service}",
        because=_pods(answers) + because if answers else "no pods of this release are behind it",
        path=new.path,
        before=old.service.name,
        after=new.service.name,
        severity=severity,
        resource=change.id,
        fixes=(Fix(fix),),
    )


def _ids(workloads: list[Resource]) -> set[ResourceId]:
    return {workload.id for workload in workloads}


def _moves(change: Kept) -> Iterator[tuple[Backend, Backend]]:
    """(before, after) of each backend whose place stays and whose Service is another one."""
    before = {backend.path: backend for backend in backends(change.before)}
    for backend in backends(change.after):
        old = before.get(backend.path)
        if old is not None and old.service != backend.service:
            yield old, backend


def _judged(
    backend: Backend, service: Resource, judgement: tuple[Severity, str]
) -> tuple[Severity, str]:
    """The readiness of the pods, or the worse fact that the Service does not have the port."""
    if backend.port is None or has_port(service, backend.port):
        return judgement
    return Severity.ERROR, f"the Service has no port {backend.port}"


def _pods(workloads: list[Resource]) -> str:
    if workloads:
        return f"{', '.join(str(resource.id) for resource in workloads)} is behind it: "
    return ""
