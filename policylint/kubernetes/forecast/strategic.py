"""The three-way strategic merge patch that Helm 3 computes, and what the server makes of it.

Follows k8s.io/apimachinery/pkg/util/strategicpatch: what the old manifest had and the new one lacks
is deleted, and what differs between the live object and the new manifest is set. Lists with a merge
key are compared item by item in the order of their keys, which is why duplicate keys have
surprising results.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any

from policylint.kubernetes.api.schemas import Node
from policylint.model import Json, Object

DIRECTIVE = "$patch"
RETAIN = "$retainKeys"
DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
ORDER = "$setElementOrder/"

Patch = dict[str, Any]


class UnpatchableError(Exception):
    """A list that Helm 3 cannot merge, in Helm's words: it fails before anything is sent."""


def three_way(node: Node | None, original: Object, modified: Object, current: Object) -> Object:
    """The live object after Helm 3's patch from the old manifest to the new one."""
    patch = three_way_patch(node, original, modified, current)
    return apply_patch(node, current, patch) if patch else current


def three_way_patch(
    node: Node | None, original: Object, modified: Object, current: Object
) -> Patch:
    """The patch that is sent; empty where there is nothing to change. Raises `UnpatchableError`."""
    if keyless_path(node, modified):
        current = copy.deepcopy(
            current
        )  # what it shares with the new manifest would be passed over, and fails
    delta = _diff(node, current, modified, deletions=False, changes=True)
    deletions = _diff(node, original, modified, deletions=True, changes=False)
    return _combine(node, deletions, delta)


def _diff(
    node: Node | None,
    old: Mapping[str, Json],
    new: Mapping[str, Json],
    *,
    deletions: bool,
    changes: bool,
) -> Patch:
    patch: Patch = {}
    for key, value in old.items():
        if key not in new:
            if deletions:
                patch[key] = None
            continue
        other = new[key]
        if value is other:
            continue
        if isinstance(value, dict) and isinstance(other, dict):
            if changes or value != other:
                child = node.child(key) if node else None
                _diff_maps(patch, key, child, value, other, deletions=deletions, changes=changes)
        elif isinstance(value, list) and isinstance(other, list):
            if changes or value != other:
                child = node.child(key) if node else None
                _diff_lists(patch, key, child, value, other, deletions=deletions, changes=changes)
        elif changes and (value != other or isinstance(value, bool) != isinstance(other, bool)):
            patch[key] = other
    if changes and not new.keys() <= old.keys():
        patch.update({key: value for key, value in new.items() if key not in old})
    return patch


def _differ(old: Json, new: Json) -> bool:
    return bool(old != new) or isinstance(old, bool) != isinstance(new, bool)


def _diff_maps(
    patch: Patch,
    key: str,
    node: Node | None,
    old: Mapping[str, Json],
    new: Mapping[str, Json],
    *,
    deletions: bool,
    changes: bool,
) -> None:
    if node is not None and "replace" in node.patch_strategy:
        if old != new and changes:
            patch[key] = new
        return
    found = _diff(node, old, new, deletions=deletions, changes=changes)
    if found and _retains(node):
        found[RETAIN] = list(new)
    if found:
        patch[key] = found


def _retains(node: Node | None) -> bool:
    return node is not None and "retainKeys" in node.patch_strategy


def _merges(node: Node | None) -> bool:
    return node is not None and "merge" in node.patch_strategy


def _diff_lists(
    patch: Patch,
    key: str,
    node: Node | None,
    old: list[Json],
    new: list[Json],
    *,
    deletions: bool,
    changes: bool,
) -> None:
    if not _merges(node) or node is None:
        if old != new and changes:
            patch[key] = new
        return
    if node.patch_merge_key:
        added, removed = _diff_items(node, old, new, deletions=deletions, changes=changes)
        if added or removed:
            patch[key] = added + removed
            patch[ORDER + key] = [_order_entry(node, item) for item in new]
        elif changes and _keys_of(node, old) != _keys_of(node, new):
            patch[ORDER + key] = [_order_entry(node, item) for item in new]
        return
    gone = [item for item in old if item not in new] if deletions else []
    fresh = [item for item in new if item not in old] if changes else []
    if gone:
        patch[DELETE_PRIMITIVES + key] = gone
    if fresh:
        patch[key] = fresh
    if gone or fresh:
        patch[ORDER + key] = new


def _order_entry(node: Node, item: Json) -> Json:
    return (
        {node.patch_merge_key: item.get(node.patch_merge_key)} if isinstance(item, dict) else item
    )


def _keys_of(node: Node, items: list[Json]) -> list[Json]:
    return [item.get(node.patch_merge_key) if isinstance(item, dict) else None for item in items]


def _sorted(node: Node, items: list[Json]) -> list[Mapping[str, Json]]:
    """Sorted by merge key; equal keys change places, as strategicpatch's comparison calls equal
    keys sorted."""
    found = [item for item in reversed(items) if isinstance(item, dict)]
    return sorted(found, key=lambda item: str(item.get(node.patch_merge_key)))


def _check_keys(node: Node, items: list[Json], *, stored: bool) -> None:
    """Raise `UnpatchableError` for an item without its merge key; a stored one lacks it where it
    may be empty."""
    for item in items:
        if _keyless(node, item, stored=stored):
            fields = (
                " ".join(f"{name}:{item[name]}" for name in sorted(item))
                if isinstance(item, dict)
                else ""
            )
            missing = (
                f"map: map[{fields}] does not contain declared merge key: {node.patch_merge_key}"
            )
            raise UnpatchableError(f"failed to create patch: {missing}")


def _keyless(node: Node, item: Json, *, stored: bool) -> bool:
    key = node.patch_merge_key
    if not isinstance(item, dict) or key not in item:
        return True
    optional = node.items is not None and key not in node.items.required
    return stored and optional and item[key] in ("", None)


def keyless_path(node: Node | None, body: Mapping[str, Json], path: str = "") -> str:
    """Where an object has an item that Helm 3 cannot merge once it is stored; "" where there is
    none."""
    for name, value in body.items():
        child = node.child(name) if node and value and isinstance(value, dict | list) else None
        if child is None or not _may_merge(child):
            continue
        at = f"{path}.{name}" if path else name
        nested: list[tuple[Node | None, Json, str]] = [(child, value, at)]
        if isinstance(value, list):
            if (
                _merges(child)
                and child.patch_merge_key
                and any(_keyless(child, one, stored=True) for one in value)
            ):
                return at
            nested = [(child.items, one, f"{at}[{index}]") for index, one in enumerate(value)]
        for inner, one, where in nested:
            found = (
                keyless_path(inner, one, where)
                if inner is not None and isinstance(one, dict)
                else ""
            )
            if found:
                return found
    return ""


@cache
def _may_merge(node: Node) -> bool:
    """Whether there is a list with a merge key at a schema node or below it."""
    waiting, seen = [node], {node.ref}
    while waiting:
        one = waiting.pop()
        if _merges(one) and one.patch_merge_key:
            return True
        below = [
            *one.properties.values(),
            *(nested for nested in (one.items, one.additional) if nested),
        ]
        fresh = [nested for nested in below if not nested.ref or nested.ref not in seen]
        seen |= {nested.ref for nested in fresh}
        waiting += fresh
    return False


def _diff_items(
    node: Node, old: list[Json], new: list[Json], *, deletions: bool, changes: bool
) -> tuple[list[Json], list[Json]]:
    """The patch of a list of maps (set or changed items, deletions), walking both sides in order of
    their keys."""
    _check_keys(node, old, stored=changes)
    _check_keys(node, new, stored=False)
    before, after = _sorted(node, old), _sorted(node, new)
    changed: list[Json] = []
    removed: list[Json] = []
    here = there = 0
    while here < len(before) or there < len(after):
        left = str(before[here].get(node.patch_merge_key)) if here < len(before) else None
        right = str(after[there].get(node.patch_merge_key)) if there < len(after) else None
        if left is not None and left == right:
            found = _diff(
                node.items, before[here], after[there], deletions=deletions, changes=changes
            )
            if found:
                if _retains(node):
                    found[RETAIN] = list(after[there])
                found[node.patch_merge_key] = after[there].get(node.patch_merge_key)
                changed.append(found)
            here, there = here + 1, there + 1
        elif left is None or (right is not None and left > right):
            if changes:
                changed.append(after[there])
            there += 1
        else:
            if deletions:
                removed.append(
                    {
                        node.patch_merge_key: before[here].get(node.patch_merge_key),
                        DIRECTIVE: "delete",
                    }
                )
            here += 1
    return changed, removed


def _combine(node: Node | None, deletions: Patch, delta: Patch) -> Patch:
    """Merge the two patches into the one that is sent: the delta's values win, directives are
    kept."""
    found = dict(deletions)
    for key, value in delta.items():
        child = node.child(key) if node and not key.startswith("$") else None
        have = found.get(key)
        if isinstance(have, dict) and isinstance(value, dict):
            found[key] = _combine(child, have, dict(value))
        elif (
            isinstance(have, list)
            and isinstance(value, list)
            and _merges(child)
            and child is not None
        ):
            found[key] = _combine_lists(child, have, value)
        else:
            found[key] = value
    return found


def _combine_lists(node: Node, deletions: list[Json], delta: list[Json]) -> list[Json]:
    key = node.patch_merge_key
    if not key:
        return delta
    found = list(deletions)
    for item in delta:
        at = next(
            (
                index
                for index, have in enumerate(found)
                if isinstance(have, dict)
                and isinstance(item, dict)
                and have.get(key) == item.get(key)
            ),
            None,
        )
        if at is None:
            found.append(item)
        else:
            found[at] = _combine(node.items, found[at], dict(item))
    return found


def apply_patch(node: Node | None, live: Mapping[str, Json], patch: Mapping[str, Json]) -> Patch:
    """What the server makes of the live object and a strategic merge patch."""
    found = dict(live)
    retained = patch.get(RETAIN)
    if isinstance(retained, list):
        found = {key: value for key, value in found.items() if key in retained}
    for key, value in patch.items():
        if key.startswith(DELETE_PRIMITIVES):
            name = key.removeprefix(DELETE_PRIMITIVES)
            found[name] = [item for item in found.get(name) or [] if item not in value]
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        child = node.child(key) if node else None
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            have = found.get(key)
            found[key] = apply_patch(child, have if isinstance(have, dict) else {}, value)
        elif isinstance(value, list) and _merges(child) and child is not None:
            have = found.get(key)
            found[key] = _apply_list(child, have if isinstance(have, list) else [], value)
        else:
            found[key] = value
    _reorder(node, found, patch)
    return found


def _apply_list(node: Node, live: list[Json], patch: list[Json]) -> list[Json]:
    key = node.patch_merge_key
    if not key:
        return live + [item for item in patch if item not in live]
    found = list(live)
    for item in patch:
        if isinstance(item, dict) and item.get(DIRECTIVE) == "delete":
            found = [have for have in found if not _has_key(have, key, item.get(key))]
    for item in patch:
        if not isinstance(item, dict):
            found.append(item)
        elif DIRECTIVE not in item:
            _apply_item(node, found, item)
    return found


def _apply_item(node: Node, found: list[Json], item: Mapping[str, Json]) -> None:
    key = node.patch_merge_key
    at = next(
        (index for index, have in enumerate(found) if _has_key(have, key, item.get(key))), None
    )
    if at is None:
        found.append(_without_nulls(item))
    else:
        found[at] = apply_patch(node.items, found[at], item)


def _has_key(item: Json, key: str, value: Json) -> bool:
    return isinstance(item, dict) and item.get(key) == value


def _without_nulls(item: Mapping[str, Json]) -> Patch:
    return {
        key: _without_nulls(value) if isinstance(value, dict) else value
        for key, value in item.items()
        if value is not None and not key.startswith("$")
    }


def _reorder(node: Node | None, found: Patch, patch: Mapping[str, Json]) -> None:
    """Put merged lists into the order of the new manifest; items that only the live list has come
    last."""
    for name, order in patch.items():
        key = name.removeprefix(ORDER)
        child = node.child(key) if node and name.startswith(ORDER) else None
        if child is None or not isinstance(order, list) or not isinstance(found.get(key), list):
            continue
        merge_key = child.patch_merge_key
        wanted = _keys_of(child, order) if merge_key else order
        items = found[key]
        have = _keys_of(child, items) if merge_key else items
        rank = {repr(value): index for index, value in reversed(list(enumerate(wanted)))}
        paired = sorted(
            enumerate(items), key=lambda pair: (rank.get(repr(have[pair[0]]), len(wanted)), pair[0])
        )
        found[key] = [item for _, item in paired]


def merge_patch(original: Mapping[str, Json], modified: Mapping[str, Json], live: Object) -> Object:
    """The live object after the JSON merge patch that Helm 3 sends for kinds its client does not
    know."""
    return _apply_merge(live, _merge_diff(original, modified))


def _merge_diff(original: Mapping[str, Json], modified: Mapping[str, Json]) -> Patch:
    patch: Patch = {key: None for key in original if key not in modified}
    for key, value in modified.items():
        have = original.get(key)
        if isinstance(have, dict) and isinstance(value, dict):
            found = _merge_diff(have, value)
            if found:
                patch[key] = found
        elif key not in original or _differ(have, value):
            patch[key] = value
    return patch


def _apply_merge(live: Mapping[str, Json], patch: Mapping[str, Json]) -> Patch:
    found = dict(live)
    for key, value in patch.items():
        have = found.get(key)
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            found[key] = _apply_merge(have if isinstance(have, dict) else {}, value)
        else:
            found[key] = value
    return found
