"""Diff: what changes between two manifests, resource by resource and field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policylint.kubernetes.api.exact import exact
from policylint.kubernetes.api.quantity import same_quantity
from policylint.kubernetes.api.schemas import Node, Schemas
from policylint.kubernetes.manifests.reader import UnreadResource
from policylint.model import (
    Change,
    Created,
    Deleted,
    FieldChange,
    Json,
    Kept,
    Manifest,
    Resource,
    ResourceId,
)
from policylint.runtime.patterns import pattern
from policylint.runtime.pointers import step

NOISE = pattern(
    r"/metadata/(?:labels/(?:helm\.sh~1chart|app\.kubernetes\.io~1version|chart)|annotations/checksum~1[^/]*)$"
)
"""Pointers of what every chart bump changes: chart and version labels, checksum annotations."""

_NO_NODE: Node | None = None
_ABSENT = object()
_PLAIN: frozenset[type] = frozenset({str, int, float, bool, type(None)})


def changes(before: Manifest, after: Manifest, schemas: Schemas) -> tuple[Change, ...]:
    """Every resource of both sides as a change: the after side's order, then what is deleted."""
    rows: list[Change] = []
    for identity, resource in after.resources.items():
        old = before.resources.get(identity)
        rows.append(Created(resource) if old is None else kept(old, resource, schemas))
    rows += [
        Deleted(resource)
        for identity, resource in before.resources.items()
        if identity not in after.resources
    ]
    return tuple(rows)


def kept(before: Resource, after: Resource, schemas: Schemas) -> Kept:
    """One resource of both sides with its field changes."""
    if before is after or _same_text(before, after):
        return Kept(before, after)
    node = schemas.kind(after.api_version, after.id.kind)
    return Kept(before, after, tuple(fields(before.body, after.body, node)))


def _same_text(before: Resource, after: Resource) -> bool:
    if isinstance(before, UnreadResource) and isinstance(after, UnreadResource):
        return before.document.text == after.document.text
    return False


def fields(
    before: Json, after: Json, node: Node | None = None, path: str = ""
) -> Iterator[FieldChange]:
    """The leaves that differ, in the after side's order.

    Lists are matched by the list keys of the published schema, else by unique `name`s; quantities
    compare by value. A missing field and an explicit null are different, as they are to Helm.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _mappings(before, after, node, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, node, path)
    elif not _same(before, after, node):
        yield FieldChange(path, "replace", before, after, bool(NOISE.search(path)))


def _same(before: Json, after: Json, node: Node | None) -> bool:
    if before is after:
        return True
    if node is not None and node.quantity:
        return same_quantity(before, after)
    return bool(before == after) and isinstance(before, bool) == isinstance(after, bool)


def _mappings(
    before: Mapping[str, Json], after: Mapping[str, Json], node: Node | None, path: str
) -> Iterator[FieldChange]:
    for key, value in after.items():
        old = before.get(key, _ABSENT)
        if _plainly_same(old, value):
            continue
        at = step(path, key)
        if old is not _ABSENT:
            yield from fields(old, value, node.child(key) if node else _NO_NODE, at)
        else:
            yield FieldChange(at, "add", None, value, bool(NOISE.search(at)))
    for key, value in before.items():
        if key not in after:
            at = step(path, key)
            yield FieldChange(at, "remove", value, None, bool(NOISE.search(at)))


def _plainly_same(before: Json, after: Json) -> bool:
    """Equal at the quickest look; Python alone takes true for 1, their texts tell them apart."""
    if before != after:
        return False
    plain = before.__class__ in _PLAIN and before.__class__ is after.__class__
    return plain or exact(before) == exact(after)


def _lists(
    before: list[Json], after: list[Json], node: Node | None, path: str
) -> Iterator[FieldChange]:
    keys = list_keys(before, after, node)
    if not keys:
        yield from _positions(before, after, node, path)
        return
    items = node.items if node else _NO_NODE
    old = {_key(item, keys): (index, item) for index, item in enumerate(before)}
    new = {_key(item, keys) for item in after}
    for index, item in enumerate(after):
        at = step(path, index)
        former = old.get(_key(item, keys))
        if former is None:
            yield FieldChange(at, "add", None, item)
        else:
            yield from fields(former[1], item, items, at)
    for key, (index, item) in old.items():
        if key not in new:
            yield FieldChange(step(path, index), "remove", item, None)


def _positions(
    before: list[Json], after: list[Json], node: Node | None, path: str
) -> Iterator[FieldChange]:
    items = node.items if node else _NO_NODE
    for index in range(min(len(before), len(after))):
        yield from fields(before[index], after[index], items, step(path, index))
    for index in range(len(before), len(after)):
        yield FieldChange(step(path, index), "add", None, after[index])
    for index in range(len(after), len(before)):
        yield FieldChange(step(path, index), "remove", before[index], None)


def list_keys(before: Sequence[Json], after: Sequence[Json], node: Node | None) -> tuple[str, ...]:
    """The keys that tell the items of these lists apart, () to compare by position."""
    if node is not None:
        keys = _declared_keys(node)
    else:
        keys = ("name",)
    if keys and _unique(before, keys) and _unique(after, keys):
        return keys
    return ()


def _declared_keys(node: Node) -> tuple[str, ...]:
    if node.list_type == "set":
        return ("",)  # each item is its own key
    if node.list_type == "atomic":
        return ()
    return node.list_keys or (node.patch_merge_key or "name",)


def _unique(items: Sequence[Json], keys: tuple[str, ...]) -> bool:
    seen = set()
    for item in items:
        if keys != ("",) and not (isinstance(item, Mapping) and keys[0] in item):
            return False
        seen.add(_key(item, keys))
    return len(seen) == len(items)


def _key(item: Json, keys: tuple[str, ...]) -> bytes | str:
    if keys == ("",):
        return exact(item)
    return exact([item.get(key, "TCP" if key == "protocol" else None) for key in keys])


def leaves(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """(pointer, value) of everything in a value that holds nothing more, empty lists and mappings
    included."""
    if isinstance(value, Mapping) and value:
        for key, child in value.items():
            yield from leaves(child, step(path, key))
    elif isinstance(value, list) and value:
        for index, child in enumerate(value):
            yield from leaves(child, step(path, index))
    else:
        yield path, value


def find(manifest: Manifest, kind: str, name: str) -> tuple[ResourceId, ...]:
    """The identities of a kind and name, whatever group and namespace (`diff --resource
    KIND/NAME`)."""
    return tuple(
        identity
        for identity in manifest.resources
        if identity.kind.lower() == kind.lower() and identity.name == name
    )
