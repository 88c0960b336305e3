"""A NetworkPolicy lets less through than before.

What happens: connections that the policy allowed time out from now on.

Why: a rule, a peer or a port of a kept NetworkPolicy is gone or is another one, and no other policy
of the release allows the same.

What to do instead: keep the old rule beside the new one until nothing uses it any more.
"""

import json
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
            lost = [part for part in _parts(old, direction) if not _is_in(part, allowed, direction)]
            if lost:
                return _joined(lost, old, direction), workload
    return None


def _joined(lost: list[Object], old: Object, direction: str) -> Object:
    """The peers and the ports that are lost, as one rule."""
    whole = {key: _distinct(lost, key) for key in (PEERS[direction], "ports")}
    return {key: entries for key, entries in whole.items() if old.get(key)}


def _distinct(parts: list[Object], key: str) -> list[Json]:
    """What parts of a rule name under a key, each once."""
    entries: list[Json] = []
    for part in parts:
        entries += [entry for entry in part[key] if entry not in entries]
    return entries


def _parts(rule: Object, direction: str) -> Iterator[Object]:
    """A rule as one rule for each peer and port."""
    field = PEERS[direction]
    for peer in rule.get(field) or [None]:
        for port in rule.get("ports") or [None]:
            yield {field: [peer] if peer else [], "ports": [port] if port else []}


def _is_in(part: Object, allowed: list[Object], direction: str) -> bool:
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
    peers = _peers(rule.get(PEERS[direction]))
    return f"{way} {peers}{_ports(rule.get('ports'))}"


def _peers(peers: Json) -> str:
    """The first peer that is lost, in as many words as it has."""
    if not peers:
        return "anybody"
    named = [f"{key} {json.dumps(value)}" for key, value in sorted(peers[0].items())]
    if len(peers) > 1:
        more = f" and {len(peers) - 1} more"
    else:
        more = ""
    return " of ".join(named) + more


def _ports(ports: Json) -> str:
    named = [_port(port) for port in ports or () if isinstance(port, dict) and "port" in port]
    if named:
        return f" at port {', '.join(named)}"
    return ""


def _port(port: Object) -> str:
    protocol = port.get("protocol") or "TCP"
    if protocol == "TCP":
        return str(port["port"])
    return f"{port['port']}/{protocol}"
