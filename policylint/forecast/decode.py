"""What the API server makes of an object it receives: unknown and switched-off fields dropped, defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from policylint.forecast.default_table import DEFAULTS, Default
from policylint.forecast.defaulting import COMPUTED, whole_object
from policylint.forecast.gate_table import GATED
from policylint.forecast.gotypes import struct
from policylint.model import Json, Object
from policylint.schemas import Node

_OPAQUE = ("JSONSchemaProps", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrArray", "FieldsV1", "RawExtension", "JSON")


def decode(node: Node, value: Object, minor: int, known: Object | None = None) -> Object:
    """An object as the server holds it after decoding and defaulting; shares what it does not change.

    `known` is an object that is decoded already: what `value` shares with it needs no second look.
    """
    found = _value(node, value, minor, known)
    return whole_object(found, minor) if isinstance(found, dict) else value


def _value(node: Node | None, value: Json, minor: int, known: Json = None) -> Json:
    if node is None or value is known or _opaque(node):
        return value
    if isinstance(value, dict):
        known = known if isinstance(known, dict) else {}
        return _fields(node, value, minor, known) if node.properties else _entries(node, value, minor, known)
    if isinstance(value, list) and _deep(node.items):
        seen = {id(item): item for item in known} if isinstance(known, list) else {}
        items = [item if id(item) in seen else _value(node.items, item, minor) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return value


@cache
def _opaque(node: Node) -> bool:
    return node.ref.endswith(_OPAQUE)


def _fields(node: Node, value: Mapping[str, Json], minor: int, known: Mapping[str, Json]) -> Json:
    name = struct(node)
    gated = GATED.get(name, {})
    found = {}
    same = True
    for key, child in value.items():
        schema = node.properties.get(key)
        if child is None or (schema is None and not node.preserve_unknown) or gated.get(key, 0) > minor:
            same = False
            continue
        kept = _value(schema, child, minor, known.get(key)) if isinstance(child, (dict, list)) else child
        same = same and kept is child
        found[key] = kept
    rows, computed = DEFAULTS.get(name), COMPUTED.get(name)
    if not rows and computed is None:
        return value if same else found
    for row in rows or ():
        if _wanted(row, found, minor):
            found[row.field] = _value(node.properties.get(row.field), row.value, minor)
    if computed is not None:
        computed(found, minor)
    return found


def _wanted(row: Default, found: Mapping[str, Json], minor: int) -> bool:
    if row.since > minor or (row.when and found.get(row.when[0]) != row.when[1]):
        return False
    present = found.get(row.field)
    return present is None or (row.plain and present in ("", 0) and not isinstance(present, bool))


def _entries(node: Node, value: Mapping[str, Json], minor: int, known: Mapping[str, Json]) -> Json:
    if not _deep(node.additional):
        return value
    return {key: _value(node.additional, child, minor, known.get(key)) for key, child in value.items()}


def _deep(node: Node | None) -> bool:
    """Whether decoding can change anything below a node's items: structs do, scalars do not."""
    return node is not None and _has_structs(node)


@cache
def _has_structs(node: Node) -> bool:
    return bool(node.properties) or _deep(node.additional) or _deep(node.items)
