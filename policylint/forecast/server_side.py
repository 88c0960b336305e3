"""Server-side apply by one field manager: the live object with what the manager now says of it.

Follows structured-merge-diff: lists and maps merge by their published types, and what the manager applied before
and no longer applies is removed with everything below it, defaults included.
"""

from __future__ import annotations

from collections.abc import Mapping

from policylint.forecast.typed import item_key
from policylint.model import Json, Object
from policylint.schemas import Node


def server_side(node: Node, live: Object, owned: Object, sent: Object) -> Object:
    """The object after applying `sent`, where `owned` is what the same manager applied last."""
    merged = _merge(node, live, owned, sent)
    return merged if isinstance(merged, Mapping) else sent


def _merge(node: Node | None, live: Json, owned: Json, sent: Json) -> Json:
    if node is None or live is None:
        return sent
    if node.type == "array" and node.list_type in ("map", "set"):
        if sent is None or sent == []:
            return live if not owned else _merge_list(node, live, owned, [])
        if isinstance(live, list) and isinstance(sent, list):
            return _merge_list(node, live, owned, sent)
        return sent
    granular = (node.properties or node.additional) and node.map_type != "atomic"
    if granular and isinstance(live, Mapping):
        if sent is None:
            return _merge_map(node, live, owned, {})
        if isinstance(sent, Mapping):
            return _merge_map(node, live, owned, sent)
    return sent


def _merge_map(node: Node, live: Mapping[str, Json], owned: Json, sent: Mapping[str, Json]) -> Json:
    mine = owned if isinstance(owned, Mapping) else {}
    found = {}
    for name, value in live.items():
        if name in sent:
            found[name] = _merge(node.child(name), value, mine.get(name), sent[name])
        elif name not in mine:
            found[name] = value
    return found | {name: value for name, value in sent.items() if name not in live}


def _merge_list(node: Node, live: list[Json], owned: Json, sent: list[Json]) -> Json:
    mine = {item_key(node, item): item for item in owned} if isinstance(owned, list) else {}
    present = {item_key(node, item): item for item in live}
    applied = {item_key(node, item) for item in sent}
    found = []
    for item in sent:
        key = item_key(node, item)
        found.append(_merge(node.items, present[key], mine.get(key), item) if key in present else item)
    left = [item for item in live if item_key(node, item) not in applied and item_key(node, item) not in mine]
    return found + left
