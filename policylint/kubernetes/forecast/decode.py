"""What the API server makes of an object it receives: unknown and switched-off fields dropped,
defaults filled in."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cache

from policylint.errors import PolicylintError
from policylint.kubernetes.api.gotypes import struct
from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.forecast.default_table import DEFAULTS, Default
from policylint.kubernetes.forecast.defaulting import COMPUTED, Completion, whole_object
from policylint.kubernetes.forecast.gate_table import GATED
from policylint.kubernetes.forecast.request import Allocated, AllocatedPort
from policylint.model import Json, Object

_NONE: type = type(None)
_PLAIN: frozenset[type] = frozenset({str, int, float, bool, _NONE, Allocated, AllocatedPort})
_STRUCT: frozenset[type] = frozenset({dict, _NONE})
_LIST: frozenset[type] = frozenset({list, _NONE})
_ANY = _PLAIN | _STRUCT | _LIST
_OPAQUE = (
    "JSONSchemaProps",
    "JSONSchemaPropsOrBool",
    "JSONSchemaPropsOrArray",
    "FieldsV1",
    "RawExtension",
    "JSON",
)


class UndecodableError(PolicylintError):
    """An object whose shape is not that of its kind: no server has stored it."""


def decode(node: Node, value: Object, minor: int, known: Object | None = None) -> Object:
    """An object as the server holds it after decoding and defaulting; shares what it does not
    change.

    `known` is an object that is decoded already: what `value` shares with it needs no second look.
    Raises `UndecodableError` for lists, mappings and plain values in each other's place.
    """
    if "spec" not in value and "spec" in node.properties and node.properties["spec"].default == {}:
        value = {**value, "spec": {}}  # a struct of its own in Go: never missing
    found = _value(node, value, minor, known)
    return whole_object(found, minor) if isinstance(found, dict) else value


def _value(node: Node | None, value: Json, minor: int, known: Json = None) -> Json:
    if node is None or value is known or _opaque(node):
        return value
    if isinstance(value, dict):
        known = known if isinstance(known, dict) else {}
        return (
            _fields(node, value, minor, known)
            if node.is_struct
            else _entries(node, value, minor, known)
        )
    return _items(node, value, minor, known) if isinstance(value, list) else value


def _items(node: Node, value: list[Json], minor: int, known: Json) -> list[Json]:
    shape = _shape(node.items)
    if any(item.__class__ not in shape for item in value):
        raise UndecodableError(
            f"items of the wrong type in a list of {node.items.ref if node.items else 'values'}"
        )
    if not _deep(node.items):
        return value
    old = known if isinstance(known, list) else []
    seen = {id(item) for item in old}
    items = [
        item if id(item) in seen else _value(node.items, item or {}, minor, like)
        for item, like in itertools.zip_longest(value, old[: len(value)])
    ]
    return value if all(new is old for new, old in zip(items, value, strict=True)) else items


@cache
def _shape(node: Node | None) -> frozenset[type]:
    """The Python types that a value of this schema may have."""
    if node is None or _opaque(node) or (node.preserve_unknown and not node.is_struct):
        return _ANY
    if node.is_struct or node.additional is not None:
        return _STRUCT
    return _LIST if node.type == "array" else _PLAIN


class _Plan:
    """What decoding does to the fields of one struct."""

    def __init__(self, node: Node) -> None:
        name = struct(node)
        self.fields: Mapping[str, Node] = node.properties
        self.open: bool = node.preserve_unknown
        self.gated: Mapping[str, int] = GATED.get(name, {})
        self.rows: tuple[Default, ...] = DEFAULTS.get(name, ())
        self.computed: Completion | None = COMPUTED.get(name)
        self.known: dict[str, tuple[Node, frozenset[type]]] = {}
        """Fields that were met: their nodes, and the Python types that they may have."""

    def field(self, name: str) -> tuple[Node | None, frozenset[type] | None]:
        """The same for a field that was not met yet; None for one that the struct does not
        declare."""
        node = self.fields.get(name)
        if node is None:
            return None, None
        self.known[name] = found = node, _shape(node)
        return found


@cache
def _plan(node: Node) -> _Plan:
    return _Plan(node)


@cache
def _opaque(node: Node) -> bool:
    return node.ref.endswith(_OPAQUE)


def _fields(node: Node, value: Mapping[str, Json], minor: int, known: Mapping[str, Json]) -> Json:
    plan = _plan(node)
    found = {}
    same = True
    for key, child in value.items():
        kind = child.__class__
        below, shape = plan.known.get(key) or plan.field(key)
        if (
            child is None
            or (shape is None and not plan.open)
            or (key in plan.gated and plan.gated[key] > minor)
        ):
            same = False
        elif shape is not None and kind not in shape:
            raise UndecodableError(f"{struct(node)}.{key} is of the wrong type")
        elif kind is dict or kind is list:
            found[key] = kept = _value(below, child, minor, known.get(key))
            same = same and kept is child
        else:
            found[key] = child
    if not plan.rows and plan.computed is None:
        return value if same else found
    for row in plan.rows:
        if _wanted(row, found, minor):
            found[row.field] = _value(plan.fields.get(row.field), row.value, minor)
    if plan.computed is not None:
        plan.computed(found, minor)
    return found


def _wanted(row: Default, found: Mapping[str, Json], minor: int) -> bool:
    if row.since > minor or (row.when and found.get(row.when[0]) != row.when[1]):
        return False
    present = found.get(row.field)
    return present is None or (row.plain and present in ("", 0) and not isinstance(present, bool))


def _entries(node: Node, value: Mapping[str, Json], minor: int, known: Mapping[str, Json]) -> Json:
    shape = _shape(node.additional)
    if any(child.__class__ not in shape for child in value.values()):
        raise UndecodableError("a value of the wrong type in a mapping")
    if not _deep(node.additional):
        return value
    return {
        key: _value(node.additional, child, minor, known.get(key)) for key, child in value.items()
    }


def _deep(node: Node | None) -> bool:
    """Whether decoding can change anything below a node's items: structs do, scalars do not."""
    return node is not None and _has_structs(node)


@cache
def _has_structs(node: Node) -> bool:
    return node.is_struct or _deep(node.additional) or _deep(node.items)
