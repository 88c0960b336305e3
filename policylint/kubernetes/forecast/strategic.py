"""The three-way strategic merge patch that Helm 3 computes.

Follows k8s.io/apimachinery/pkg/util/strategicpatch: what the old manifest had and the new one lacks
is deleted, and what differs between the live object and the new manifest is set. Lists with a merge
key are compared item by item in the order of their keys, which is why duplicate keys have
surprising results.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.forecast.strategicapply import (
    DELETE_PRIMITIVES,
    DIRECTIVE,
    ORDER,
    RETAIN,
    Patch,
    UnknownFieldError,
    UnpatchableError,
    after_directives,
    directed,
    is_directive,
    keys_of,
    merges,
    not_in,
    order_entry,
    without_directives,
)
from policylint.model import Json, Object


def three_way_patch(
    node: Node | None, original: Object, modified: Object, current: Object
) -> Patch:
    """The patch that is sent; empty where there is nothing to change. Raises `UnpatchableError`."""
    if keyless_path(node, modified):
        current = copy.deepcopy(
            current
        )  # what it shares with the new manifest would be passed over, and fails
    delta = _diff(node, current, modified, _CHANGES)
    deletions = _diff(node, original, modified, _DELETIONS)
    return _combine(node, deletions, delta)


class _Wanted(NamedTuple):
    """Which half of a patch is asked for: what vanishes, or what is added and changed."""

    deletions: bool
    changes: bool


_DELETIONS = _Wanted(deletions=True, changes=False)
_CHANGES = _Wanted(deletions=False, changes=True)


def _diff(
    node: Node | None, old: Mapping[str, Json], new: Mapping[str, Json], wanted: _Wanted
) -> Patch:
    patch: Patch = {}
    for key, value in old.items():
        if key in new:
            if value is not new[key]:
                _diff_field(patch, key, node, value, new[key], wanted)
        elif wanted.deletions:
            patch[key] = None
    if wanted.changes and not new.keys() <= old.keys():
        patch.update({key: value for key, value in new.items() if key not in old})
    return patch


def _diff_field(
    patch: Patch, key: str, node: Node | None, old: Json, new: Json, wanted: _Wanted
) -> None:
    kind = old.__class__
    if kind is new.__class__ and (kind is dict or kind is list):
        if not wanted.changes and old == new:
            return
        child = _child(node, key, old, new)
        if kind is dict:
            _diff_maps(patch, key, child, old, new, wanted)
        else:
            _diff_lists(patch, key, child, old, new, wanted)
    elif wanted.changes and differ(old, new):
        patch[key] = new


def _child(node: Node | None, key: str, old: Json, new: Json) -> Node | None:
    """The schema of a field. Raises `UnknownFieldError` for a change of one that its struct does
    not have."""
    if node is None:
        return None
    child = node.child(key)
    if child is None and old != new:
        struct = node.ref.rpartition(".")[2]
        text = f'unable to find api field in struct {struct} for the json field "{key}"'
        raise UnknownFieldError(f"failed to create patch: {text}")
    return child


def differ(old: Json, new: Json) -> bool:
    """Whether two values differ as JSON: true is not 1."""
    return bool(old != new) or isinstance(old, bool) != isinstance(new, bool)


def _diff_maps(
    patch: Patch,
    key: str,
    node: Node | None,
    old: Mapping[str, Json],
    new: Mapping[str, Json],
    wanted: _Wanted,
) -> None:
    if node is not None and "replace" in node.patch_strategy:
        if old != new and wanted.changes:
            patch[key] = new
        return
    delta = _diff(node, old, new, wanted)
    if delta and _retains(node):
        delta[RETAIN] = list(new)
    if delta:
        patch[key] = delta


def _retains(node: Node | None) -> bool:
    return node is not None and "retainKeys" in node.patch_strategy


def _diff_lists(
    patch: Patch, key: str, node: Node | None, old: list[Json], new: list[Json], wanted: _Wanted
) -> None:
    if node is None or not merges(node):
        if old != new and wanted.changes:
            patch[key] = new
    elif node.patch_merge_key:
        _diff_keyed(patch, key, node, old, new, wanted)
    else:
        _diff_primitives(patch, key, old, new, wanted)


def _diff_keyed(
    patch: Patch, key: str, node: Node, old: list[Json], new: list[Json], wanted: _Wanted
) -> None:
    items = _diff_items(node, old, new, wanted)
    if items:
        patch[key] = items
    if items or (wanted.changes and keys_of(node, old) != keys_of(node, new)):
        patch[ORDER + key] = [order_entry(node, item) for item in new]
        if old and wanted.changes:
            fresh = [item for item in items if not is_directive(item)]
            _check_order(keys_of(node, fresh), keys_of(node, new))


def _check_order(keys: list[Json], wanted: list[Json]) -> None:
    """Raise `UnpatchableError` where the keys of a patch, which stand in the order of their first
    items, are not in the order that the patch asks for: an item that the manifest has twice."""
    remaining = iter(wanted)
    for key in sorted(keys, key=wanted.index):
        if key not in remaining:
            text = f"The order in patch list: {keys} doesn't match $setElementOrder list: {wanted}"
            raise UnpatchableError(f"failed to create patch: {text}")


def _diff_primitives(
    patch: Patch, key: str, old: list[Json], new: list[Json], wanted: _Wanted
) -> None:
    gone = not_in(new, old) if wanted.deletions else []
    fresh = not_in(old, new) if wanted.changes else []
    if gone:
        patch[DELETE_PRIMITIVES + key] = gone
    if fresh:
        patch[key] = fresh
    # strategicpatch compares with the old list as its own sorting has left it
    reordered = wanted.changes and sorted(old, key=str) != new
    if gone or fresh or reordered:
        patch[ORDER + key] = new


def _sorted(node: Node, items: list[Json]) -> list[Mapping[str, Json]]:
    """Sorted by merge key; equal keys change places, as strategicpatch's comparison calls equal
    keys sorted."""
    maps = [item for item in reversed(items) if isinstance(item, dict)]
    return sorted(maps, key=lambda item: _key_text(node, item))


def _check_keys(node: Node, items: list[Json], *, stored: bool) -> None:
    """Raise `UnpatchableError` for an item without its merge key; a stored one lacks it where it
    may be empty."""
    for item in items:
        if _keyless(node, item, stored=stored):
            fields = item if isinstance(item, dict) else {}
            shown = " ".join(f"{name}:{fields[name]}" for name in sorted(fields))
            missing = (
                f"map: map[{shown}] does not contain declared merge key: {node.patch_merge_key}"
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
        if node and value and isinstance(value, dict | list):
            child = node.child(name)
        else:
            child = None
        if child is None or not _may_merge(child):
            continue
        keyless = _keyless_below(child, value, f"{path}.{name}" if path else name)
        if keyless:
            return keyless
    return ""


def _keyless_below(node: Node, value: Json, path: str) -> str:
    """The same for one field of it."""
    if isinstance(value, dict):
        return keyless_path(node, value, path)
    if merges(node) and node.patch_merge_key and _any_keyless(node, value):
        return path
    for index, item in enumerate(value):
        if node.items is not None and isinstance(item, dict):
            keyless = keyless_path(node.items, item, f"{path}[{index}]")
            if keyless:
                return keyless
    return ""


def _any_keyless(node: Node, items: list[Json]) -> bool:
    return any(_keyless(node, item, stored=True) for item in items)


@cache
def _may_merge(node: Node) -> bool:
    """Whether there is a list with a merge key at a schema node or below it."""
    return _is_merged(node) or next(merged_lists(node), None) is not None


def _is_merged(node: Node) -> bool:
    return merges(node) and bool(node.patch_merge_key)


def merged_lists(root: Node) -> Iterator[str]:
    """The names of the lists with a merge key below a schema node, as far as somebody looks."""
    waiting, seen = [root], {root.ref}
    while waiting:
        current = waiting.pop()
        fields = current.properties
        yield from (name for name, field in fields.items() if _is_merged(field))
        below = [*fields.values(), *filter(None, (current.items, current.additional))]
        fresh = [nested for nested in below if not nested.ref or nested.ref not in seen]
        seen |= {nested.ref for nested in fresh}
        waiting += fresh


def _diff_items(node: Node, old: list[Json], new: list[Json], wanted: _Wanted) -> list[Json]:
    """The patch of a list of maps: items that are set or changed, then deletions."""
    _check_keys(node, old, stored=wanted.changes)
    _check_keys(node, new, stored=False)
    changed: list[Json] = []
    removed: list[Json] = []
    for before, after in _paired(node, old, new):
        if before is None:
            if wanted.changes:
                changed.append(after)
        elif after is not None:
            changed += _changed_item(node, before, after, wanted)
        elif wanted.deletions:
            key = node.patch_merge_key
            removed.append({key: before.get(key), DIRECTIVE: "delete"})
    return changed + removed


def _changed_item(
    node: Node, before: Mapping[str, Json], after: Mapping[str, Json], wanted: _Wanted
) -> list[Json]:
    delta = _diff(node.items, before, after, wanted)
    if not delta:
        return []
    if _retains(node):
        delta[RETAIN] = list(after)
    delta[node.patch_merge_key] = after.get(node.patch_merge_key)
    return [delta]


_Item = Mapping[str, Json]


def _paired(
    node: Node, old: list[Json], new: list[Json]
) -> Iterator[tuple[_Item | None, _Item | None]]:
    """The items of both sides in the order of their keys; None where one has no such key."""
    before, after = _sorted(node, old), _sorted(node, new)
    here = there = 0
    while here < len(before) and there < len(after):
        left, right = _key_text(node, before[here]), _key_text(node, after[there])
        yield before[here] if left <= right else None, after[there] if right <= left else None
        here += left <= right
        there += right <= left
    for item in before[here:]:
        yield item, None
    for item in after[there:]:
        yield None, item


def _key_text(node: Node, item: _Item) -> str:
    return str(item.get(node.patch_merge_key))


def _combine(node: Node | None, deletions: Patch, delta: Patch) -> Patch:
    """Merge the two patches into the one that is sent: the delta's values win. Directives of the
    manifest itself are carried out on the deletions, or lost."""
    if DIRECTIVE in delta:
        return directed(delta)
    combined = dict(deletions)
    for key, value in delta.items():
        if node and not key.startswith("$"):
            child = node.child(key)
        else:
            child = None
        have = combined.get(key)
        if isinstance(have, dict) and isinstance(value, dict):
            combined[key] = _combine(child, have, dict(value))
        elif isinstance(have, list) and isinstance(value, list):
            combined[key] = _combine_lists(child, have, value)
        elif not is_directive(value):
            combined[key] = without_directives(value)
    return combined


def _combine_lists(node: Node | None, deletions: list[Json], delta: list[Json]) -> list[Json]:
    if node is None or not merges(node) or not node.patch_merge_key:
        return delta
    combined, added = after_directives(node, deletions, delta)
    key = node.patch_merge_key
    for item in added:
        at = next(
            (
                index
                for index, have in enumerate(combined)
                if isinstance(have, dict)
                and isinstance(item, dict)
                and have.get(key) == item.get(key)
            ),
            None,
        )
        if at is None:
            combined.append(item)
        else:
            combined[at] = _combine(node.items, combined[at], dict(item))
    return combined
