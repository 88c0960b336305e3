"""An Ingress stops answering for a host.

What happens: requests for the host get the default backend or nothing.

Why: the host left the rules in this upgrade, and no other Ingress of the release takes it.

What to do instead: keep the host until nobody uses it, or redirect it.
"""

from collections.abc import Iterator
from typing import TypeGuard

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import items
from policylint.kubernetes.forecast.impact import is_kept
from policylint.model import (
    Category,
    Change,
    Deleted,
    Fix,
    Kept,
    Manifest,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A host that an Ingress of the release had, kept or deleted, and none has any more."""
    served = _hosts(upgrade.after)
    for change in upgrade.of("Ingress") if upgrade.after.resources else ():
        if not _touched(change):
            continue
        for host in sorted(_own(change.before.body) - served):
            yield Violation(
                message=f"{change.id} no longer answers for {host}",
                because="the Ingress is deleted" if isinstance(change, Deleted) else "",
                path="/spec/rules",
                before=host,
                resource=change.id,
                fixes=(Fix("keep the host, or redirect it"),),
            )


def _touched(change: Change) -> TypeGuard[Kept | Deleted]:
    if isinstance(change, Deleted):
        return not is_kept(change.before)
    return isinstance(change, Kept) and bool(change.fields)


def _hosts(side: Manifest) -> set[str]:
    return {
        host
        for resource in side.resources.values()
        if resource.id.kind == "Ingress"
        for host in _own(resource.body)
    }


def _own(body: object) -> set[str]:
    return {str(entry["host"]) for entry in items(body, "spec", "rules") if entry.get("host")}
