"""A Service or Ingress lets in whom it kept out before.

What happens: clients that were refused reach the workload, from the internet where the load
balancer is public.

Why: the list of addresses that may come in is gone in this upgrade, or grew to every address: a
Service's spec.loadBalancerSourceRanges, or the annotation that an ingress controller reads.

What to do instead: keep the list, or narrow it.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import items, part
from policylint.model import Category, Fix, Kept, Resource, Severity, Violation
from policylint.runtime.pointers import step

RANGES = "/spec/loadBalancerSourceRanges"
ALLOWED = (
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "nginx.ingress.kubernetes.io/allowlist-source-range",
    "haproxy.org/allow-list",
    "haproxy.org/whitelist",
    "haproxy-ingress.github.io/allowlist-source-range",
    "alb.ingress.kubernetes.io/inbound-cidrs",
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "ingress.kubernetes.io/whitelist-source-range",
)
"""The annotations of ingress-nginx, HAProxy's controllers, the AWS load balancer controller and the
cloud providers, as their documentation lists them."""
SYNONYMS = {
    "nginx.ingress.kubernetes.io/whitelist-source-range": "allowlist",
    "nginx.ingress.kubernetes.io/allowlist-source-range": "allowlist",
}
EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A list that kept addresses out before and keeps none out any more."""
    if change.id.kind not in ("Service", "Ingress") or not change.fields:
        return
    if change.id.kind == "Service" and not _is_balancer(change.after):
        return  # nobody comes in from outside any more
    before, after = _lists(change.before), _lists(change.after)
    for name, (path, old) in before.items():
        new = after[name][1] if name in after else frozenset()
        if _keeps_out(old) and not _keeps_out(new):
            addresses = ", ".join(sorted(old))
            yield Violation(
                message=f"{change.id} lets in every address from now on",
                because=f"it let in {addresses} alone",
                path=path,
                before=addresses,
                after=", ".join(sorted(new)) or None,
                fixes=(
                    Fix(
                        "keep the list of addresses",
                        steps=(f"set {addresses} again in the values or the template",),
                        cost="none: who comes in stays as it is",
                    ),
                ),
            )


def _keeps_out(addresses: frozenset[str]) -> bool:
    return bool(addresses) and addresses.isdisjoint(EVERYBODY)


def _lists(resource: Resource) -> dict[str, tuple[str, frozenset[str]]]:
    """(pointer, addresses) of each list by what it is, names of one list being one."""
    lists = {
        SYNONYMS.get(name, name): (step("/metadata/annotations", name), _words(text))
        for name, text in resource.annotations.items()
        if name in ALLOWED
    }
    spec = part(resource.body, "spec")
    ranges = frozenset(str(address) for address in items(spec.get("loadBalancerSourceRanges")))
    if ranges and _is_balancer(resource):
        lists["ranges"] = (RANGES, ranges)
    return lists


def _is_balancer(resource: Resource) -> bool:
    return part(resource.body, "spec").get("type") == "LoadBalancer"


def _words(text: object) -> frozenset[str]:
    return frozenset(word.strip() for word in str(text).split(",") if word.strip())
