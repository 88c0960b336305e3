"""validate_update: what the API server says of the change from the live object to the new one.

The rows are in `update_table`; kinds whose rules are more than rows have a function of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policylint.kubernetes.api.fielderrors import forbidden, invalid
from policylint.kubernetes.api.gotypes import same
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.forecast import batch, pods, services, storage
from policylint.kubernetes.forecast.request import Findings, Request, schema
from policylint.kubernetes.forecast.update_table import FROZEN, Frozen
from policylint.model import Cause

_RULES: Mapping[tuple[str, str], Callable[[Request], Findings]] = {
    ("", "Service"): services.refusals,
    ("", "Pod"): pods.refusals,
    ("", "PersistentVolumeClaim"): storage.claim_refusals,
    ("", "PersistentVolume"): storage.volume_refusals,
    ("batch", "Job"): batch.refusals,
    ("storage.k8s.io", "CSINode"): storage.node_driver_refusals,
}


def validate_update(request: Request) -> Findings:
    """Every reason why the server refuses the update, and what an answer depends on."""
    kind = (request.id.group, request.id.kind)
    if kind in _RULES:
        yield from _RULES[kind](request)
    for row in FROZEN.get(kind, ()):
        if row.since <= request.minor <= row.until:
            yield from _judge(row, request)


def _judge(row: Frozen, request: Request) -> Iterator[Cause]:
    if row.when and request.live.get(row.when) is not True:
        return
    *parents, name = row.path.split(".")
    old, new = part(request.live, *parents), part(request.new, *parents)
    if row.once and not old.get(name):
        return
    before, after = _without(row, old.get(name)), _without(row, new.get(name))
    if _allowed(row, schema(request.node, *parents), before, after):
        return
    field = row.at or row.path
    if row.forbidden:
        yield forbidden(field, row.text, row.topic, row.source)
        return
    yield invalid(
        field,
        new.get(name),
        row.text,
        minor=request.minor,
        go=row.go,
        topic=row.topic,
        source=row.source,
    )


def _allowed(row: Frozen, parent: Node | None, before: Any, after: Any) -> bool:
    """Whether the row's field stays, or changes as the row lets it."""
    if row.extends and _extends(before, after):
        return True
    emptied = row.exact and after == {} and not before
    return not emptied and _same_field(parent, row.path.rpartition(".")[2], before, after)


def _extends(before: Any, after: Any) -> bool:
    """Whether a list of one item got a second."""
    both = isinstance(before, list) and isinstance(after, list)
    return both and len(before) == 1 and len(after) == 2 and bool(before[0] == after[0])


def _without(row: Frozen, value: Any) -> Any:
    if row.as_set and isinstance(value, list):
        return sorted(set(map(str, value)))
    if not row.allowed or not isinstance(value, Mapping):
        return value
    return {key: child for key, child in value.items() if key not in row.allowed}


def _same_field(node: Node | None, name: str, before: Any, after: Any) -> bool:
    """Compared as a field of its struct, where a plain zero value is no value."""
    return before is after or same(node, {name: before}, {name: after})
