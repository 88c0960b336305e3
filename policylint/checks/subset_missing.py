"""A VirtualService leads to a subset that no DestinationRule has.

What happens: requests for the subset are answered 503 (no healthy upstream).

Why: the subset is gone from the DestinationRule, or the VirtualService names a new one that is not
there.

What to do instead: add the subset first and remove it last: the routes in between.

Source: istio.io, Traffic Management Best Practices (avoid 503 errors while reconfiguring).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import items, part, parts, text
from policylint.model import (
    Category,
    Created,
    Fix,
    Kept,
    Manifest,
    Object,
    Resource,
    Severity,
    Upgrade,
    Violation,
)

GROUP = "networking.istio.io"
ROUTES = ("http", "tcp", "tls")


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A destination of the after side whose host has a DestinationRule in the release, without the
    subset, and was not so before."""
    known = _subsets(upgrade.after)
    if not known:
        return
    for change in upgrade.of("VirtualService"):
        if not isinstance(change, (Created, Kept)) or change.id.group != GROUP:
            continue
        old = set(_unmet(change.before, upgrade.before)) if isinstance(change, Kept) else set()
        for host, subset in _unmet(change.after, upgrade.after):
            if (host, subset) not in old:
                yield Violation(
                    message=f"{change.id} leads to subset {subset} of {host}, which is not there",
                    because=f"the DestinationRule of {host} has {_listed(known[host])}",
                    path="/spec",
                    resource=change.id,
                    fixes=(Fix(f"keep subset {subset} until no VirtualService names it"),),
                )


def _listed(subsets: set[str]) -> str:
    return ", ".join(sorted(subsets)) or "no subset"


def _unmet(service: Resource, side: Manifest) -> list[tuple[str, str]]:
    """(host, subset) of the destinations whose DestinationRule lacks the subset."""
    known = _subsets(side)
    named = ((_host(to, service), text(to, "subset")) for to in _destinations(service))
    return [
        (host, subset)
        for host, subset in dict.fromkeys(named)
        if subset and host in known and subset not in known[host]
    ]


def _destinations(service: Resource) -> Iterator[Object]:
    spec = part(service.body, "spec")
    for protocol in ROUTES:
        for entry in parts(spec, protocol):
            yield from (part(route, "destination") for route in parts(entry, "route"))


def _subsets(side: Manifest) -> dict[str, set[str]]:
    """The subsets of each host that a DestinationRule of a side is about."""
    subsets: dict[str, set[str]] = {}
    for resource in side.resources.values():
        if (resource.id.group, resource.id.kind) == (GROUP, "DestinationRule"):
            spec = part(resource.body, "spec")
            names = {
                text(subset, "name")
                for subset in items(spec.get("subsets"))
                if isinstance(subset, dict)
            }
            subsets.setdefault(_host(spec, resource), set()).update(names)
    return subsets


def _host(holder: Object, resource: Resource) -> str:
    """A host as its full name: a short one is of the namespace of whoever names it."""
    host = text(holder, "host")
    if host and "." not in host:
        return f"{host}.{resource.id.namespace}.svc.cluster.local"
    return host
