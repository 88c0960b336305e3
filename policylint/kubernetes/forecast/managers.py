"""Who owns a field: the managers of a live object, and the conflicts of a server-side apply.

A field that another manager owns is not taken away by an apply that no longer has it, and an apply
that changes its value is refused, unless it is forced. Source: structured-merge-diff v6
merge/update.go (a conflict is what another manager owns and the apply adds or modifies),
sigs.k8s.io/structured-merge-diff fieldpath/serialize.go (the form of fieldsV1), and the recorded
rows of attack-states.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.kubernetes.api.gotypes import same
from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.forecast.request import Allocated, AllocatedPort
from policylint.model import Cause, Json, Object

TOPIC = "field-manager-conflict"
HELM = "helm"
"""The name that Helm gives itself as a manager, with either way to apply."""
SOMEBODY = "another manager"
"""Who has changed a live object that was given without its managed fields, as kubectl prints it."""

_SOURCE = "structured-merge-diff merge/update.go"
_NOT_APPLIED = frozenset({"apiVersion", "kind", "status"})
_SERVERS_OWN = frozenset(
    {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)
"""Metadata that the server writes, which no manager owns."""
_Owned = Mapping[str, Json]
"""fieldsV1: `f:NAME` of a field, `k:{...}` and `v:...` of a list item; "." or nothing below is the
thing itself."""


class Manager(Struct, frozen=True):
    """One manager of a live object other than Helm, and the fields that it owns."""

    name: str
    api_version: str
    subresource: str
    owned: _Owned

    def conflict(self, path: str) -> Cause:
        """The server's refusal to change this field of the manager's."""
        if self.subresource:
            under = f' with subresource "{self.subresource}"'
        else:
            under = ""
        text = f'Apply failed with 1 conflict: conflict with "{self.name}"{under} using '
        text += f"{self.api_version}: {path}"
        return Cause(path.removeprefix("."), "FieldManagerConflict", text, TOPIC, _SOURCE)


def foreign(live: Object) -> list[Manager]:
    """The managers of a live object that are not Helm."""
    entries = items(part(live, "metadata").get("managedFields"))
    return [
        Manager(
            str(part(entry).get("manager", "")),
            str(part(entry).get("apiVersion", "")),
            str(part(entry).get("subresource", "")),
            part(entry, "fieldsV1"),
        )
        for entry in entries
        if part(entry).get("manager") != HELM
    ]


def with_managers(node: Node, live: Object, expected: Object) -> Object:
    """A live object with its managed fields: where it shows none, somebody else owns whatever is
    not as Helm's own manifest would have left it (`expected`)."""
    metadata = part(live, "metadata")
    if items(metadata.get("managedFields")):
        return live
    owned = _drifted(node, live, expected)
    if not owned:
        return live
    entry = {"manager": SOMEBODY, "apiVersion": live.get("apiVersion"), "fieldsV1": owned}
    return {**live, "metadata": {**metadata, "managedFields": [entry]}}


def _drifted(node: Node, live: Object, expected: Object) -> dict[str, Json]:
    body = {key: value for key, value in live.items() if key not in _NOT_APPLIED}
    metadata = part(live, "metadata")
    body["metadata"] = {key: value for key, value in metadata.items() if key not in _SERVERS_OWN}
    return _owned_where_differs(node, body, expected)


def _owned_where_differs(node: Node | None, live: Object, expected: Object) -> dict[str, Json]:
    owned: dict[str, Json] = {}
    for name, value in live.items():
        child = node.child(name) if node else None
        wanted = expected.get(name)
        if isinstance(wanted, Allocated | AllocatedPort) or same(child, value, wanted):
            continue
        owned[f"f:{name}"] = _differing_part(child, value, wanted)
    return owned


def _differing_part(node: Node | None, live: Json, expected: Json) -> dict[str, Json]:
    """The fieldsV1 of one field that differs: all of it, or what of it differs."""
    if node is None:
        return {}
    if _is_granular(node) and isinstance(live, dict):
        return _owned_where_differs(node, live, part(expected))
    if _is_keyed(node):
        return _items_that_differ(node, items(live), items(expected))
    return {}


def _items_that_differ(node: Node, live: list[Json], expected: list[Json]) -> dict[str, Json]:
    owned: dict[str, Json] = {}
    known = {_element(node, item): item for item in expected}
    for item in live:
        element = _element(node, item)
        if isinstance(item, dict):
            below = _owned_where_differs(node.items, item, part(known.get(element)))
        else:
            below = {} if element in known else {".": {}}
        if below:
            owned[element] = below
    return owned


def without_owned(node: Node | None, applied: Json, managers: list[Manager]) -> Json:
    """What Helm applied, less what others own too: an apply that drops those leaves them there."""
    for manager in managers:
        applied = _less(node, applied, manager.owned)
    return applied


def _less(node: Node | None, value: Json, owned: _Owned) -> Json:
    if isinstance(value, dict):
        return {
            name: _less_field(node, name, child, owned.get(f"f:{name}"))
            for name, child in value.items()
            if owned.get(f"f:{name}") != {}
        }
    if isinstance(value, list) and node is not None and _is_keyed(node):
        return _less_items(node, value, owned)
    return value


def _less_field(node: Node | None, name: str, value: Json, owned: Json) -> Json:
    if not isinstance(owned, dict):
        return value
    return _less(node.child(name) if node else None, value, owned)


def _less_items(node: Node, value: list[Json], owned: _Owned) -> list[Json]:
    kept = []
    for item in value:
        below = owned.get(_element(node, item))
        if not isinstance(below, dict):
            kept.append(item)
        elif not _is_itself(below):
            kept.append(_less(node.items, item, below))
    return kept


def _is_itself(owned: _Owned) -> bool:
    """Whether the thing itself is owned, not only something below it."""
    return not owned or "." in owned


def conflicts(node: Node, live: Object, merged: Object, managers: list[Manager]) -> Iterator[Cause]:
    """The refusals of an apply that makes `merged` of the live object."""
    for manager in managers:
        for path in _changed(node, live, merged, manager.owned, ""):
            yield manager.conflict(path)


def _changed(
    node: Node | None, live: Json, merged: Json, owned: _Owned, path: str
) -> Iterator[str]:
    """The paths of what is owned and gets another value."""
    if live is merged or same(node, live, merged):
        return
    if isinstance(merged, dict) and (node is None or _is_granular(node)):
        yield from _changed_fields(node, live, merged, owned, path)
    elif node is not None and _is_keyed(node):
        yield from _changed_items(node, items(live), items(merged), owned, path)
    elif merged is not None and _is_itself(owned):
        yield path


def _changed_fields(
    node: Node | None, live: Json, merged: Object, owned: _Owned, path: str
) -> Iterator[str]:
    before = part(live)
    for name, value in merged.items():
        below = owned.get(f"f:{name}")
        if isinstance(below, dict):
            child = node.child(name) if node else None
            yield from _changed(child, before.get(name), value, below, f"{path}.{name}")


def _changed_items(
    node: Node, live: list[Json], merged: list[Json], owned: _Owned, path: str
) -> Iterator[str]:
    before = {_element(node, item): item for item in live}
    for item in merged:
        element = _element(node, item)
        below = owned.get(element)
        if isinstance(below, dict):
            where = f"{path}[{_shown(element)}]"
            yield from _changed(node.items, before.get(element), item, below, where)


def _is_granular(node: Node) -> bool:
    return node.map_type != "atomic" and bool(node.is_struct or node.additional)


def _is_keyed(node: Node) -> bool:
    return node.type == "array" and node.list_type in ("map", "set")


def _element(node: Node, item: Json) -> str:
    """A list item as fieldsV1 names it: `k:{"name":"c"}`, `v:"text"`; keys in their order."""
    if not isinstance(item, dict):
        return f"v:{json.dumps(item, separators=(',', ':'))}"
    fields = node.items.properties if node.items else {}
    keys = {}
    for name in sorted(node.list_keys):
        default = fields[name].default if name in fields else None
        value = item.get(name, default)
        if value is not None:
            keys[name] = value
    return f"k:{json.dumps(keys, separators=(',', ':'), default=str)}"


def _shown(element: str) -> str:
    """An item in the server's words: name="c"."""
    if element.startswith("v:"):
        return f"={element[2:]}"
    keys = json.loads(element[2:])
    return ",".join(f"{name}={json.dumps(value)}" for name, value in keys.items())
