"""An Ingress loses the certificate of a host.

What happens: browsers get the controller's self-signed certificate, or the host is served without
TLS.

Why: the host left the tls section in this upgrade, or the Secret that its tls entry names is
deleted.

What to do instead: keep the tls entry and its Secret, or change both in the same upgrade.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import items, parts
from policylint.kubernetes.forecast.impact import is_kept
from policylint.model import (
    Category,
    Deleted,
    Fix,
    Manifest,
    Object,
    Resource,
    ResourceId,
    Severity,
    Upgrade,
    Violation,
)

GROUPS = ("networking.k8s.io", "extensions")


@rule(category=Category.DOWNTIME, severity=Severity.WARNING)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A host that is still routed has TLS before and not after; or a tls entry names a Secret that
    goes."""
    gone = {
        change.id
        for change in upgrade.of("Secret")
        if isinstance(change, Deleted) and not is_kept(change.before)
    }
    covered, routed = _covered(upgrade.after), _routed(upgrade.after)
    for ingress in _ingresses(upgrade.before):
        for host in sorted(_hosts(ingress.body) & routed):
            if {host, f"*.{host.partition('.')[2]}"} & covered:
                continue
            yield Violation(
                message=f"{host} is served without its certificate after this upgrade",
                because=f"{ingress.id} had it in its tls section, and no Ingress of the after "
                "side has",
                path="/spec/tls",
                before=host,
                resource=ingress.id,
                fixes=(Fix("keep the host in the tls section"),),
            )
    for ingress in _ingresses(upgrade.after) if gone else ():
        yield from _without_secret(ingress, gone)


def _without_secret(ingress: Resource, gone: set[ResourceId]) -> Iterator[Violation]:
    for index, entry in enumerate(parts(ingress.body, "spec", "tls")):
        secret = ResourceId("", "Secret", ingress.id.namespace, str(entry.get("secretName", "")))
        if secret in gone:
            yield Violation(
                message=f"{ingress.id} takes its certificate from {secret}, "
                "which this upgrade deletes",
                path=f"/spec/tls/{index}/secretName",
                after=secret.name,
                resource=ingress.id,
                fixes=(Fix(f"keep {secret}, or name the Secret that takes its place"),),
            )


def _ingresses(side: Manifest) -> Iterator[Resource]:
    for identity, resource in side.resources.items():
        if identity.kind == "Ingress" and identity.group in GROUPS:
            yield resource


def _covered(side: Manifest) -> set[str]:
    return {host for ingress in _ingresses(side) for host in _hosts(ingress.body)}


def _routed(side: Manifest) -> set[str]:
    return {
        str(entry["host"])
        for ingress in _ingresses(side)
        for entry in parts(ingress.body, "spec", "rules")
        if entry.get("host")
    }


def _hosts(body: Object) -> set[str]:
    """The hosts of the tls section: by name, or those of every rule where an entry names none."""
    of_rules = [rule.get("host") for rule in parts(body, "spec", "rules")]
    hosts: set[str] = set()
    for entry in parts(body, "spec", "tls"):
        hosts.update(str(host) for host in items(entry.get("hosts")) or of_rules if host)
    return hosts
