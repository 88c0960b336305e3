"""A strategic merge patch carried out on the live object, as the API server does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policylint.kubernetes.api.schemas import Node
from policylint.model import Json

DIRECTIVE = "$patch"
RETAIN = "$retainKeys"
DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
ORDER = "$setElementOrder/"
"""The directives of a patch; the last two stand before a field's name."""

Patch = dict[str, Any]


_MARKS = (DIRECTIVE, RETAIN, DELETE_PRIMITIVES, ORDER)


class UnpatchableError(Exception):
    """A list that Helm 3 cannot merge, in Helm's words or in those of the server: the one fails
    before anything is sent, the other refuses the patch."""


class UnknownFieldError(UnpatchableError):
    """A map or list differs in a field that the client's type does not have: there is nothing to
    say how it is merged."""


def merges(node: Node | None) -> bool:
    """Whether a list is merged item by item, and not replaced."""
    return node is not None and "merge" in node.patch_strategy


def not_in(those: list[Json], items: list[Json]) -> list[Json]:
    """The items that are none of those."""
    return [item for item in items if item not in those]


def order_entry(node: Node, item: Json) -> Json:
    """What stands for an item where a patch tells the order of its list."""
    if not isinstance(item, dict):
        return item
    return {node.patch_merge_key: item.get(node.patch_merge_key)}


def keys_of(node: Node, items: list[Json]) -> list[Json]:
    """The merge keys of a list's items, None for an item without one."""
    return [item.get(node.patch_merge_key) if isinstance(item, dict) else None for item in items]


def apply_patch(node: Node | None, live: Mapping[str, Json], patch: Mapping[str, Json]) -> Patch:
    """What the server makes of the live object and a strategic merge patch."""
    merged = _after_directives(live, patch)
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            merged.pop(key, None)
        else:
            child = node.child(key) if node else None
            merged[key] = _applied(child, merged.get(key), value)
    _reorder(node, merged, patch)
    return merged


def _after_directives(live: Mapping[str, Json], patch: Mapping[str, Json]) -> Patch:
    """The live object less the fields and list items that the patch's directives take away."""
    retained = patch.get(RETAIN)
    kept = dict(live)
    if isinstance(retained, list):
        _check_retained(patch, retained)
        kept = {key: value for key, value in live.items() if key in retained}
    for key, gone in patch.items():
        if key.startswith(DELETE_PRIMITIVES):
            name = key.removeprefix(DELETE_PRIMITIVES)
            kept[name] = [item for item in kept.get(name) or [] if item not in gone]
    return kept


def _check_retained(patch: Mapping[str, Json], retained: list[Json]) -> None:
    """Raise `UnpatchableError` where a patch sets what it does not retain: an item that the
    manifest has twice."""
    for name, value in patch.items():
        if value is not None and name not in retained and not name.startswith(_MARKS):
            raise UnpatchableError("invalid patch format of retainKeys")


def _applied(node: Node | None, live: Json, value: Json) -> Json:
    """One field after the patch of it."""
    if isinstance(value, dict):
        if node is not None and "replace" in node.patch_strategy:
            return _without_nulls(value)
        return apply_patch(node, live if isinstance(live, dict) else {}, value)
    if isinstance(value, list) and node is not None and merges(node):
        return _apply_list(node, live if isinstance(live, list) else [], value)
    return value


def _apply_list(node: Node, live: list[Json], patch: list[Json]) -> list[Json]:
    key = node.patch_merge_key
    if not key:
        return live + not_in(live, patch)
    merged = list(live)
    for item in patch:
        if isinstance(item, dict) and item.get(DIRECTIVE) == "delete":
            merged = _without_key(merged, key, item.get(key))
    for item in patch:
        if not isinstance(item, dict):
            merged.append(item)
        elif DIRECTIVE not in item:
            _apply_item(node, merged, item)
    return merged


def _apply_item(node: Node, live: list[Json], item: Mapping[str, Json]) -> None:
    key = node.patch_merge_key
    at = next(
        (index for index, have in enumerate(live) if _has_key(have, key, item.get(key))), None
    )
    if at is None:
        live.append(_without_nulls(item))
    else:
        live[at] = apply_patch(node.items, live[at], item)


def _without_key(items: list[Json], key: str, value: Json) -> list[Json]:
    return [item for item in items if not _has_key(item, key, value)]


def _has_key(item: Json, key: str, value: Json) -> bool:
    return isinstance(item, dict) and item.get(key) == value


def _without_nulls(item: Mapping[str, Json]) -> Patch:
    return {
        key: _without_nulls(value) if isinstance(value, dict) else value
        for key, value in item.items()
        if value is not None and not key.startswith("$")
    }


def _reorder(node: Node | None, merged: Patch, patch: Mapping[str, Json]) -> None:
    """Put merged lists into the order of the new manifest; items that only the live list has come
    last."""
    for name, order in patch.items():
        if not name.startswith(ORDER) or not isinstance(order, list):
            continue
        key = name.removeprefix(ORDER)
        child = node.child(key) if node else None
        if child is not None and isinstance(merged.get(key), list):
            merged[key] = _in_order(child, merged[key], order)


def _in_order(node: Node, items: list[Json], order: list[Json]) -> list[Json]:
    keyed = bool(node.patch_merge_key)
    wanted = keys_of(node, order) if keyed else order
    keys = keys_of(node, items) if keyed else items
    rank = {repr(value): index for index, value in reversed(list(enumerate(wanted)))}
    ranked = [(rank.get(repr(key), len(wanted)), index) for index, key in enumerate(keys)]
    return [items[index] for _, index in sorted(ranked)]
