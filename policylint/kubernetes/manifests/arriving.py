"""What of a manifest arrives in the cluster: the changes without what the server will not hold."""

from __future__ import annotations

import copy
from typing import Any

from msgspec.structs import replace

from policylint.kubernetes.api.schemas import Schemas
from policylint.kubernetes.manifests.diff import kept
from policylint.model import Change, Created, Deleted, FieldChange, Object, Resource, Upgrade
from policylint.runtime.pointers import below, is_index, steps


def arriving(upgrade: Upgrade, schemas: Schemas) -> Upgrade:
    """A forecast upgrade whose after side says of each resource what the cluster will hold of
    it: what the forecast finds lost is no change."""
    return replace(upgrade, changes=tuple(_arriving(change, schemas) for change in upgrade.changes))


def _arriving(change: Change, schemas: Schemas) -> Change:
    lost = (*change.forecast.unapplied, *change.forecast.dropped)
    if not lost or isinstance(change, Deleted):
        return change
    after = _without(change.after, lost)
    if isinstance(change, Created):
        return replace(change, after=after)
    return replace(kept(change.before, after, schemas), forecast=change.forecast)


def _without(resource: Resource, lost: tuple[FieldChange, ...]) -> Resource:
    body: Any = copy.deepcopy(resource.body)
    # the last items of a list go first, so that the places of the others stay
    for field in sorted(lost, key=lambda field: _steps(field.path), reverse=True):
        _take_out(body, field)
    remaining: Object = body
    return Resource(resource.id, resource.api_version, remaining, resource.origin, resource.hooks)


def _steps(path: str) -> list[tuple[int, str]]:
    """The steps of a pointer, in an order that counts the items of lists."""
    return [(int(name), "") if is_index(name) else (0, name) for name in steps(path)]


def _take_out(body: Any, field: FieldChange) -> None:
    """Give one field the server's value, or take it out; nothing where it is not what was lost."""
    *parents, last = steps(field.path)
    holder = body
    for name in parents:
        holder = below(holder, name)
    if below(holder, last) != field.before:
        return
    key: Any = int(last) if isinstance(holder, list) else last
    if field.op == "remove":
        del holder[key]
    else:
        holder[key] = field.after
