"""A webhook that must answer comes before what answers it.

What happens: until the backend is ready the API server refuses every request that the webhook
covers, of this upgrade too.

Why: a webhook with failurePolicy Fail is created, or turned to Fail, in the upgrade that creates
its backend.

What to do instead: create it with failurePolicy Ignore and turn it to Fail in the next upgrade, or
create it in a post-install and post-upgrade hook.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part, parts, text
from policylint.kubernetes.api.workloads import behind
from policylint.model import (
    Category,
    Created,
    Deleted,
    Fix,
    Kept,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

KINDS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A new webhook of policy Fail whose Service, or the workload behind it, is new too."""
    new = {change.id for change in upgrade.changes if isinstance(change, Created)}
    for change in upgrade.of(*KINDS):
        if isinstance(change, Deleted) or not upgrade.before.resources:
            continue
        late: dict[ResourceId, list[int]] = {}
        for index, service in _newly_failing(change):
            if _late(upgrade, service, new):
                late.setdefault(service, []).append(index)
        for service, places in late.items():
            yield _violation(change, service, places)


def _newly_failing(change: Created | Kept) -> Iterator[tuple[int, ResourceId]]:
    """(index, Service) of each webhook that refuses without an answer and did not before."""
    if isinstance(change, Kept):
        old = _failing(change.before.body)
    else:
        old = set()
    for index, hook in enumerate(parts(change.after.body, "webhooks")):
        service = _service(hook)
        fails = hook.get("failurePolicy", "Fail") == "Fail"
        if fails and service is not None and text(hook, "name") not in old:
            yield index, service


def _violation(change: Created | Kept, service: ResourceId, places: list[int]) -> Violation:
    if len(places) > 1:
        many = f" ({len(places)} webhooks)"
    else:
        many = ""
    return Violation(
        message=f"{change.id} refuses requests until {service}, created in the same upgrade, "
        f"answers{many}",
        because="failurePolicy Fail turns a webhook without backend into a refusal of "
        "everything it covers",
        path=f"/webhooks/{places[0]}/failurePolicy",
        after="Fail",
        resource=change.id,
        fixes=(Fix("start with failurePolicy: Ignore, and turn it to Fail in the next upgrade"),),
    )


def _late(upgrade: Upgrade, service: ResourceId, new: set[ResourceId]) -> bool:
    backend = upgrade.after.resources.get(service)
    if backend is None:
        return False
    pods = behind(backend, upgrade.after)
    return service in new or (bool(pods) and all(workload.id in new for workload in pods))


def _failing(body: object) -> set[str]:
    return {
        text(hook, "name")
        for hook in parts(body, "webhooks")
        if hook.get("failurePolicy", "Fail") == "Fail"
    }


def _service(hook: object) -> ResourceId | None:
    reference = part(hook, "clientConfig", "service")
    if not reference:
        return None
    return ResourceId(
        "", "Service", str(reference.get("namespace", "")), str(reference.get("name", ""))
    )
