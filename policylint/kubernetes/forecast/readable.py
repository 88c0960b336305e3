"""A cheap look at an object that spares the careful one: whether nothing about reading it can be
refused.

True means that every field is declared (even one that is null) and of its type, and no keyed list
repeats a key; then neither server-side apply nor decoding refuses it. False means only that
`policylint.kubernetes.validity` has to look.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from policylint.kubernetes.api.exact import exact
from policylint.kubernetes.api.gotypes import amount, struct
from policylint.kubernetes.api.repeated import STRUCTS, Kept
from policylint.kubernetes.api.schemas import Node
from policylint.model import Json

_SCALARS: dict[str, frozenset[type]] = {
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "boolean": frozenset({bool}),
}
_MIXED = frozenset({int, str})
_KEYED = frozenset({"map", "set"})
_WIDE = 2**31
_NEVER: frozenset[type] = frozenset()


def readable(node: Node, value: Json) -> bool:
    """Whether an object is plainly readable by the schema of its kind."""
    if value.__class__ is dict:
        if node.is_struct:
            return _struct_fits(node, value)
        return _all_fit(node.additional, value.values())
    return _all_fit(node.items, value) and (node.list_type not in _KEYED or _distinct(node, value))


def _struct_fits(node: Node, value: dict[str, Json]) -> bool:
    seen = _repeated(node)
    if seen is None:
        return _fields_fit(node, value)
    key = exact(value)
    fits = seen.get(key)
    if fits is None:
        fits = _fields_fit(node, value)
        seen.put(key, fits)
    return fits


def _fields_fit(node: Node, value: dict[str, Json]) -> bool:
    known = _known(node)
    for name, child in value.items():
        entry = known.get(name) or _field(node, name, known)
        if entry is None or (child is not None and not _fits(entry, child)):
            return False
    return True


@cache
def _repeated(node: Node) -> Kept[bool] | None:
    """Which values of a struct are readable, where many objects have the same."""
    if struct(node) in STRUCTS:
        return Kept()
    return None


def _all_fit(node: Node | None, values: Iterable[Json]) -> bool:
    entry = _kind(node) if node else None
    for child in values:  # noqa: SIM110  in half the time of all()
        if child is not None and not _fits(entry, child):
            return False
    return True


Entry = tuple[Node, frozenset[type], bool]


@cache
def _known(node: Node) -> dict[str, Entry]:  # noqa: ARG001  the node is what it is kept by
    """The fields of a struct that were met so far."""
    return {}


def _field(node: Node, name: str, known: dict[str, Entry]) -> Entry | None:
    child = node.properties.get(name)
    if child is None:
        return None
    known[name] = entry = _kind(child)
    return entry


@cache
def _kind(node: Node) -> Entry:
    """A node, the types of values that are read without a closer look, and whether they are a
    quantity."""
    if node.quantity or node.int_or_string:
        return node, _MIXED, node.quantity
    if node.preserve_unknown or node.format in ("byte", "date-time"):
        return node, _NEVER, False
    if node.is_struct or node.additional is not None:
        return node, frozenset({dict}), False
    return (
        node,
        frozenset({list}) if node.type == "array" else _SCALARS.get(node.type, _NEVER),
        False,
    )


def _fits(entry: Entry | None, value: Json) -> bool:
    kind = value.__class__
    if entry is None or kind not in entry[1]:
        return False
    if kind is dict or kind is list:
        return readable(entry[0], value)
    if entry[2]:
        return amount(value) is not None
    return kind is not int or -_WIDE <= value < _WIDE


def _distinct(node: Node, items: list[Json]) -> bool:
    if None in items:
        return False
    if node.list_type == "set":
        return len({exact(item) for item in items}) == len(items)
    return _distinct_keys(node, items)


def _distinct_keys(node: Node, items: list[Json]) -> bool:
    fields = node.items.properties if node.items else {}
    keys = set()
    for item in items:
        if item.__class__ is not dict or not any(name in item for name in node.list_keys):
            return False
        keys.add(
            exact(
                [
                    item.get(name, fields[name].default if name in fields else None)
                    for name in node.list_keys
                ]
            )
        )
    return len(keys) == len(items)
