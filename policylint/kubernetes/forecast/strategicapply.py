"""A strategic merge patch carried out on the live object, as the API server does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policylint.kubernetes.api.reading import part
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


def is_directive(value: Json) -> bool:
    """Whether a value is there to say how something is merged."""
    return isinstance(value, dict) and DIRECTIVE in value


def without_directives(value: Json) -> Json:
    """A value that is new as a whole: whatever holds a directive in it is lost."""
    if isinstance(value, dict):
        return {
            key: without_directives(item) for key, item in value.items() if not is_directive(item)
        }
    if isinstance(value, list):
        return [without_directives(item) for item in value if not is_directive(item)]
    return value


def directed(patch: Mapping[str, Json]) -> Patch:
    """What a map becomes by a patch with a directive. Raises `UnpatchableError` for one that
    nobody knows."""
    if patch[DIRECTIVE] == "replace":
        return {key: value for key, value in patch.items() if key != DIRECTIVE}
    if patch[DIRECTIVE] == "delete":
        return {}
    raise UnpatchableError(f"unknown patch type found: {patch[DIRECTIVE]}")


def after_directives(
    node: Node, items: list[Json], patch: list[Json]
) -> tuple[list[Json], list[Json]]:
    """(items, patch) of a list with a merge key after the directives among the items of the
    patch. Raises `UnpatchableError` for those that a list cannot have."""
    plain = [item for item in patch if not is_directive(item)]
    kept, replaces = list(items), False
    for item in filter(is_directive, patch):
        directive = part(item).get(DIRECTIVE)
        if directive == "delete":
            kept = _without_key(kept, node.patch_merge_key, part(item).get(node.patch_merge_key))
        elif directive == "replace":
            replaces = True
        elif directive == "merge":
            raise UnpatchableError("merging lists cannot yet be specified in the patch")
        else:
            raise UnpatchableError(f"unknown patch type found: {directive}")
    if replaces:
        return plain, []
    return kept, plain


def apply_patch(node: Node | None, live: Mapping[str, Json], patch: Mapping[str, Json]) -> Patch:
    """What the server makes of the live object and a strategic merge patch."""
    if DIRECTIVE in patch:
        return directed(patch)
    merged = _after_directives(live, patch)
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            merged.pop(key, None)
        elif key in merged:
            child = node.child(key) if node else None
            merged[key] = _applied(child, merged[key], value)
        elif not is_directive(value):
            merged[key] = _without_nulls(without_directives(value))
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
    """One field that is there already after the patch of it."""
    if isinstance(value, dict) and isinstance(live, dict):
        if node is not None and "replace" in node.patch_strategy:
            return value
        return apply_patch(node, live, value)
    if isinstance(value, list) and isinstance(live, list):
        if node is not None and merges(node):
            return _apply_list(node, live, value)
        return value
    return _without_nulls(without_directives(value))


def _apply_list(node: Node, live: list[Json], patch: list[Json]) -> list[Json]:
    if not node.patch_merge_key:
        return live + not_in(live, patch)
    merged, added = after_directives(node, live, patch)
    for item in added:
        if isinstance(item, dict):
            _apply_item(node, merged, item)
        else:
            merged.append(item)
    return merged


def _apply_item(node: Node, live: list[Json], item: Mapping[str, Json]) -> None:
    key = node.patch_merge_key
    at = next(
        (index for index, have in enumerate(live) if _has_key(have, key, item.get(key))), None
    )
    if at is None:
        live.append(dict(item))
    else:
        live[at] = apply_patch(node.items, part(live[at]), item)


def _without_key(items: list[Json], key: str, value: Json) -> list[Json]:
    return [item for item in items if not _has_key(item, key, value)]


def _has_key(item: Json, key: str, value: Json) -> bool:
    return isinstance(item, dict) and item.get(key) == value


def _without_nulls(value: Json) -> Json:
    """A value that is new as a whole, without its nulls, at any depth, and without what says how
    lists are merged."""
    if isinstance(value, dict):
        return {
            key: _without_nulls(item)
            for key, item in value.items()
            if item is not None and not key.startswith("$")
        }
    if isinstance(value, list):
        return list(map(_without_nulls, value))
    return value


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
