"""A Service changes its type or load balancer.

What happens: the external address goes: a load balancer is torn down, a node port is given back.

Why: the type of a kept Service changes, or what its load balancer is made of: the requested
address, who may call it (loadBalancerSourceRanges), or an annotation that makes it internal.

What to do instead: add a second Service with the new type, move the traffic (DNS), then remove the
old one.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import part, text
from policylint.model import Category, Fix, Kept, Object, Severity, Violation
from policylint.runtime.pointers import step

SCHEMES = {
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "AWS Load Balancer Controller",
    "service.beta.kubernetes.io/aws-load-balancer-internal": "AWS",
    "service.beta.kubernetes.io/aws-load-balancer-type": "AWS",
    "service.beta.kubernetes.io/azure-load-balancer-internal": "Azure",
    "networking.gke.io/load-balancer-type": "GKE",
    "cloud.google.com/load-balancer-type": "GKE",
}
"""Annotations that make a load balancer internal, public, or one of another kind."""
MOVE = Fix("add a second Service, move the traffic, then remove the old one")
REACH = {"ClusterIP": 0, "ExternalName": 0, "NodePort": 1, "LoadBalancer": 2}


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A type with less reach, or another load balancer address."""
    if change.id.kind != "Service" or change.id.group or not change.fields:
        return
    before, after = part(change.before.body, "spec"), part(change.after.body, "spec")
    old, new = text(before, "type") or "ClusterIP", text(after, "type") or "ClusterIP"
    if _reaches_less(old, new):
        message = f"this upgrade takes the Service's address away: {old} becomes {new}"
        yield _violation(message, "/spec/type", old, new)
    elif old == new == "LoadBalancer":
        yield from _balancer(change, before, after)


def _balancer(change: Kept, before: Object, after: Object) -> Iterator[Violation]:
    """What makes another load balancer of the one that the Service has."""
    was, becomes = before.get("loadBalancerIP"), after.get("loadBalancerIP")
    if was and was != becomes:
        message = "this upgrade changes the address of the load balancer"
        yield _violation(message, "/spec/loadBalancerIP", was, becomes)
    for name, source in SCHEMES.items():
        old, new = change.before.annotations.get(name), change.after.annotations.get(name)
        if old != new:
            message = "the load balancer is made anew with this upgrade, under another address"
            path = step("/metadata/annotations", name)
            yield _violation(message, path, old, new, f"{name} decides where it stands ({source})")
    ranges = [set(_words(spec, "loadBalancerSourceRanges")) for spec in (before, after)]
    if ranges[1] and (not ranges[0] or ranges[0] - ranges[1]):
        shut = ", ".join(sorted(ranges[0] - ranges[1])) or "everybody else"
        message = f"the load balancer refuses {shut} from this upgrade on"
        path = "/spec/loadBalancerSourceRanges"
        fix = Fix("list the networks of all callers in loadBalancerSourceRanges")
        yield _violation(message, path, sorted(ranges[0]), sorted(ranges[1]), fix=fix)


def _words(spec: Object, field: str) -> list[str]:
    words = spec.get(field)
    if isinstance(words, list):
        return [str(word) for word in words]
    return []


def _reaches_less(old: str, new: str) -> bool:
    external = old != new and "ExternalName" in (old, new)
    return external or REACH.get(new, 0) < REACH.get(old, 0)


def _violation(
    message: str, path: str, before: object, after: object, because: str = "", fix: Fix = MOVE
) -> Violation:
    return Violation(message, because, path=path, before=before, after=after, fixes=(fix,))
