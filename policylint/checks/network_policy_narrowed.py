"""A NetworkPolicy lets less through than before.

What happens: connections that the policy allowed time out from now on.

Why: a rule, a peer or a port of a kept NetworkPolicy is gone or is another one, and no other policy
of the release allows the same.

What to do instead: keep the old rule beside the new one until nothing uses it any more.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.networkpolicies import (
    FIELDS,
    PEERS,
    covers,
    directions,
    policies_of,
    rules,
    selected,
)
from policylint.model import (
    Category,
    Confidence,
    Fix,
    Json,
    Kept,
    Object,
    Resource,
    Severity,
    Upgrade,
    Violation,
)


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.DEPENDS)
def check(upgrade: Upgrade, context: Context) -> Iterator[Violation]:
    """A rule of the before side that no rule for the same pods covers on the after side."""
    for change in upgrade.of("NetworkPolicy"):
        if not isinstance(change, Kept) or not change.fields:
            continue
        for direction in directions(change.before):
            gone = _gone(upgrade, change, direction)
            if gone is not None:
                yield _narrowed(change, direction, *gone)


def _gone(upgrade: Upgrade, change: Kept, direction: str) -> tuple[Object, Resource] | None:
    """(rule, workload) of the first rule that is lost for a workload that stays."""
    for workload in selected(change.after, upgrade.after):
        if workload.id not in upgrade.before.resources:
            continue
        now = policies_of(workload, direction, upgrade.after)
        allowed = [rule for policy in now for rule in rules(policy, direction)]
        for old in rules(change.before, direction) if now else ():
            if not all(_is_allowed(part, allowed, direction) for part in _parts(old, direction)):
                return old, workload
    return None


def _parts(rule: Object, direction: str) -> Iterator[Object]:
    """A rule as one rule for each peer and port."""
    field = PEERS[direction]
    for peer in rule.get(field) or [None]:
        for port in rule.get("ports") or [None]:
            yield {field: [peer] if peer else [], "ports": [port] if port else []}


def _is_allowed(part: Object, allowed: list[Object], direction: str) -> bool:
    return any(covers(rule, part, direction) for rule in allowed)


def _narrowed(change: Kept, direction: str, old: Object, workload: Resource) -> Violation:
    way = "from" if direction == "Ingress" else "to"
    return Violation(
        message=f"{change.id} no longer lets the pods of {workload.id} "
        f"{'take' if direction == 'Ingress' else 'make'} connections {_words(old, direction)}",
        because=f"the rule that allowed them {way} there is gone or narrower",
        path=f"/spec/{FIELDS[direction]}",
        before=old,
        resource=change.id,
        fixes=(Fix("keep the rule beside the new one until nothing uses it any more"),),
    )


def _words(rule: Object, direction: str) -> str:
    """Whom and which ports a rule names."""
    way = "from" if direction == "Ingress" else "to"
    peers = "the peers of its old rule" if rule.get(PEERS[direction]) else "anybody"
    return f"{way} {peers}{_ports(rule.get('ports'))}"


def _ports(ports: Json) -> str:
    named = [str(port["port"]) for port in ports or () if isinstance(port, dict) and "port" in port]
    return f" at port {', '.join(named)}" if named else ""
