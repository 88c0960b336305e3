"""Server-side apply by one field manager: the live object with what the manager now says of it.

Follows structured-merge-diff: lists and maps merge by their published types, and what the manager
applied before and no longer applies is removed with everything below it, defaults included. A
mapping or list that loses its last item that way becomes null, even where the manager still applies
it as an empty one.
"""

from __future__ import annotations

from functools import cache

from policylint.kubernetes.api.gotypes import alike
from policylint.kubernetes.api.schemas import Node
from policylint.model import Json, Object

_PLAIN: frozenset[type] = frozenset({str, int, bool, float})


def server_side(
    node: Node, live: Object, owned: Object, sent: Object, *, assumed: bool = False
) -> Object:
    """The object after applying `sent`, where `owned` is what the same manager applied last.

    `assumed` says that the live object is what applying `owned` made of it: what is sent again then
    changes nothing, unless it holds nulls. The live object does not, and a null in a key makes
    another item. Both are readable by the schema, so that none has true in place of 1.
    """
    merged = _merge(node, live, owned, sent, assumed)
    return merged if isinstance(merged, dict) else sent


def _merge(node: Node | None, live: Json, owned: Json, sent: Json, assumed: bool) -> Json:
    if node is None or live is None:
        return sent
    if assumed and owned == sent and "None" not in repr(sent):
        return live
    if node.type == "array" and node.list_type in ("map", "set"):
        if not isinstance(live, list) or not (sent is None or isinstance(sent, list)):
            return sent
        return _merge_list(node, live, owned, sent or [], assumed) if sent or owned else live
    granular = node.map_type != "atomic" and (node.is_struct or node.additional)
    if granular and isinstance(live, dict) and (sent is None or isinstance(sent, dict)):
        return _merge_map(node, live, owned, sent or {}, assumed)
    return live if alike(live, sent) else sent


def _merge_map(
    node: Node, live: dict[str, Json], owned: Json, sent: dict[str, Json], assumed: bool
) -> Json:
    mine = owned if isinstance(owned, dict) else {}
    found = {}
    same = True
    for name, value in live.items():
        if name in sent:
            wanted = sent[name]
            plain = wanted.__class__ in _PLAIN and wanted.__class__ is value.__class__
            if plain and wanted == value:
                kept = value
            else:
                kept = _merge(node.child(name), value, mine.get(name), wanted, assumed)
            found[name] = kept
            same = same and kept is value
        elif name not in mine:
            found[name] = value
    added = {name: value for name, value in sent.items() if name not in live}
    if same and not added and len(found) == len(live):
        return live  # the very same, so that later steps need not look at it again
    return {**found, **added} if found or added or not live else None


def _merge_list(node: Node, live: list[Json], owned: Json, sent: list[Json], assumed: bool) -> Json:
    if alike(live, sent) and live == owned:
        return live
    mine = {item_key(node, item): item for item in owned} if isinstance(owned, list) else {}
    present = {item_key(node, item): item for item in live}
    found, applied = [], set()
    for item in sent:
        key = item_key(node, item)
        applied.add(key)
        found.append(
            _merge(node.items, present[key], mine.get(key), item, assumed)
            if key in present
            else item
        )
    found += [item for key, item in present.items() if key not in applied and key not in mine]
    same = len(found) == len(live) and all(new is old for new, old in zip(found, live, strict=True))
    return live if same else found or None


def item_key(node: Node, item: Json) -> str:
    """What tells an item of an associative list apart; missing keys count by their default."""
    if item.__class__ is not dict:
        return repr(item)
    return repr([item.get(name, default) for name, default in _keys(node)])


@cache
def _keys(node: Node) -> tuple[tuple[str, Json], ...]:
    fields = node.items.properties if node.items else {}
    return tuple(
        (name, fields[name].default if name in fields else None) for name in node.list_keys
    )
