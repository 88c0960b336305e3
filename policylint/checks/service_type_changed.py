"""A Service changes its type or load balancer.

What happens: the external address goes: a load balancer is torn down, a node port is given back.

Why: the type or the loadBalancerClass of a kept Service changes, or the requested address does.

What to do instead: add a second Service with the new type, move the traffic (DNS), then remove the
old one.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import mapping
from policylint.model import Category, Fix, Kept, Severity, Violation

REACH = {"ClusterIP": 0, "ExternalName": 0, "NodePort": 1, "LoadBalancer": 2}


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A type with less reach, or another load balancer address."""
    if change.id.kind != "Service" or change.id.group or not change.fields:
        return
    before, after = mapping(change.before.body, "spec"), mapping(change.after.body, "spec")
    old, new = before.get("type") or "ClusterIP", after.get("type") or "ClusterIP"
    if _reaches_less(old, new):
        message = f"this upgrade takes the Service's address away: {old} becomes {new}"
        yield _violation(message, "type", old, new)
    elif old == new == "LoadBalancer":
        was, becomes = before.get("loadBalancerIP"), after.get("loadBalancerIP")
        if was and was != becomes:
            message = "this upgrade changes the address of the load balancer"
            yield _violation(message, "loadBalancerIP", was, becomes)


def _reaches_less(old: str, new: str) -> bool:
    external = old != new and "ExternalName" in (old, new)
    return external or REACH.get(new, 0) < REACH.get(old, 0)


def _violation(message: str, field: str, before: object, after: object) -> Violation:
    fix = Fix("add a second Service, move the traffic, then remove the old one")
    return Violation(message, path=f"/spec/{field}", before=before, after=after, fixes=(fix,))
