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
from policylint.kubernetes.api.workloads import behind, items, mapping
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
        old = _failing(change.before.body) if isinstance(change, Kept) else set()
        late: dict[ResourceId, list[int]] = {}
        for index, hook in enumerate(items(change.after.body, "webhooks")):
            service = _service(hook)
            if (
                hook.get("name") in old
                or hook.get("failurePolicy", "Fail") != "Fail"
                or service is None
            ):
                continue
            if _late(upgrade, service, new):
                late.setdefault(service, []).append(index)
        for service, found in late.items():
            yield _said(change, service, found)


def _said(change: Created | Kept, service: ResourceId, found: list[int]) -> Violation:
    many = f" ({len(found)} webhooks)" if len(found) > 1 else ""
    return Violation(
        message=f"{change.id} refuses requests until {service}, created in the same upgrade, answers{many}",
        because="failurePolicy Fail turns a webhook without backend into a refusal of everything it covers",
        path=f"/webhooks/{found[0]}/failurePolicy",
        after="Fail",
        resource=change.id,
        fixes=(Fix("start with failurePolicy: Ignore, and turn it to Fail in the next upgrade"),),
    )


def _late(upgrade: Upgrade, service: ResourceId, new: set[ResourceId]) -> bool:
    found = upgrade.after.resources.get(service)
    if found is None:
        return False
    pods = behind(found, upgrade.after)
    return service in new or (bool(pods) and all(workload.id in new for workload in pods))


def _failing(body: object) -> set[object]:
    return {
        hook.get("name")
        for hook in items(body, "webhooks")
        if hook.get("failurePolicy", "Fail") == "Fail"
    }


def _service(hook: object) -> ResourceId | None:
    found = mapping(hook, "clientConfig", "service")
    if not found:
        return None
    return ResourceId("", "Service", str(found.get("namespace", "")), str(found.get("name", "")))
