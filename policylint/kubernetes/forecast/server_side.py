"""Server-side apply by one field manager: the live object with what the manager now says of it.

Follows structured-merge-diff: lists and maps merge by their published types, and what the manager
applied before and no longer applies is removed with everything below it, defaults included. A
mapping or list that loses its last item that way becomes null, even where the manager still applies
it as an empty one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache

from policylint.kubernetes.api.exact import exact, is_plain
from policylint.kubernetes.api.gotypes import alike
from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.forecast.listorder import Key, in_order
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
    merged = _merge(node, live, owned, sent, _sameness(sent) if assumed else _never)
    if isinstance(merged, dict):
        return merged
    return sent


Sameness = Callable[[Json, Json], bool]
"""Whether what a manager applied before and what it applies now leave what is stored as it is."""


def _never(_owned: Json, _sent: Json) -> bool:
    return False


def _sameness(sent: Object) -> Sameness:
    """How the parts of an object are compared: the quick way where nothing in it needs care."""
    if is_plain(sent):
        return operator.eq
    return _same_again


def _merge(node: Node | None, live: Json, owned: Json, sent: Json, same: Sameness) -> Json:
    if node is None or live is None:
        return sent
    if same(owned, sent):
        return live
    if _is_keyed(node):
        return _merge_keyed(node, live, owned, sent, same)
    if _is_granular(node) and live.__class__ is dict and _is_or_none(sent, dict):
        return _merge_map(node, live, owned, sent, same)
    if alike(live, sent):
        return live
    return sent


def _same_again(owned: Json, sent: Json) -> bool:
    """Whether the manager says what it said before, and says it of items that have all their keys:
    a null or an empty text in a key makes another item than the one that is stored."""
    if owned != sent:
        return False
    if sent.__class__ in _PLAIN:
        return sent.__class__ is owned.__class__ and sent != ""
    if is_plain(sent):
        return True
    text = repr(sent)
    if ("True" in text or "False" in text) and repr(owned) != text:
        return False  # 1 and true are equal here alone
    return "None" not in text and "''" not in text


@cache
def _is_keyed(node: Node) -> bool:
    return node.type == "array" and node.list_type in ("map", "set")


@cache
def _is_granular(node: Node) -> bool:
    return node.map_type != "atomic" and bool(node.is_struct or node.additional)


def _is_or_none(value: Json, kind: type) -> bool:
    return value is None or isinstance(value, kind)


def _merge_keyed(node: Node, live: Json, owned: Json, sent: Json, same: Sameness) -> Json:
    if not isinstance(live, list) or not _is_or_none(sent, list):
        return sent
    if not sent and not owned:
        return live
    return _merge_list(node, live, owned, sent or [], same)


def _merge_map(
    node: Node, live: dict[str, Json], owned: Json, sent: dict[str, Json] | None, same: Sameness
) -> Json:
    wanted = sent or {}
    merged = _merge_live(node, live, owned if isinstance(owned, dict) else {}, wanted, same)
    for name, value in wanted.items():
        if name not in live:
            merged[name] = value
    if len(merged) == len(live) and all(map(operator.is_, merged.values(), live.values())):
        return live if merged.keys() == live.keys() else merged  # not looked at again, if the same
    if live and not merged:
        return None
    return merged


def _merge_live(
    node: Node,
    live: dict[str, Json],
    owned: dict[str, Json],
    sent: dict[str, Json],
    same: Sameness,
) -> dict[str, Json]:
    """The fields that are there already: those sent again as merged, those no longer sent gone."""
    kept = {}
    for name, value in live.items():
        if name in sent:
            wanted, applied = sent[name], owned.get(name)
            again = value is not None and same(applied, wanted)
            kept[name] = value if again else _merge(node.child(name), value, applied, wanted, same)
        elif name not in owned or _is_nobodys(node, name, owned[name]):
            kept[name] = value
    return kept


def _is_nobodys(node: Node, name: str, applied: Json) -> bool:
    """Whether a field that was applied belongs to nobody: an associative list without items has no
    path of its own in what a manager owns (structured-merge-diff typed/tofieldset.go)."""
    child = node.properties.get(name)
    return applied == [] and child is not None and _is_keyed(child)


def _merge_list(
    node: Node, live: list[Json], owned: Json, sent: list[Json], same: Sameness
) -> Json:
    if alike(live, sent) and live == owned:
        return live
    mine, present = _by_key(node, owned), _by_key(node, live)
    keys = [item_key(node, item) for item in sent]
    taken_back = mine.keys() - set(keys)
    kept = {key: item for key, item in present.items() if key not in taken_back}
    merged = [
        kept[key]
        if index is None
        else _merge(node.items, kept.get(key), mine.get(key), sent[index], same)
        for key, index in in_order(list(kept), keys)
    ]
    if _are(merged, live):
        return live
    return merged or None


def _are(merged: list[Json], live: list[Json]) -> bool:
    return len(merged) == len(live) and all(map(operator.is_, merged, live))


def _by_key(node: Node, items: Json) -> dict[Key, Json]:
    if not isinstance(items, list):
        return {}
    return {item_key(node, item): item for item in items}


def item_key(node: Node, item: Json) -> Key:
    """What tells an item of an associative list apart; missing keys count by their default."""
    if item.__class__ is not dict:
        return exact(item)
    return exact([item.get(name, default) for name, default in _keys(node)])


@cache
def _keys(node: Node) -> tuple[tuple[str, Json], ...]:
    fields = node.items.properties if node.items else {}
    return tuple(
        (name, fields[name].default if name in fields else None) for name in node.list_keys
    )
