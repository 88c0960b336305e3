"""What the API server makes of an object it receives: unknown and switched-off fields dropped,
defaults filled in."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Mapping
from functools import cache

from policylint.errors import PolicylintError
from policylint.kubernetes.api.exact import exact
from policylint.kubernetes.api.gotypes import struct
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.repeated import STRUCTS, Kept
from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.forecast.default_table import DEFAULTS, Default
from policylint.kubernetes.forecast.defaulting import COMPUTED, Completion, whole_object
from policylint.kubernetes.forecast.gate_table import GATED, GONE_WHEN_EMPTIED
from policylint.kubernetes.forecast.request import Allocated, AllocatedPort
from policylint.model import Json, Object

_NONE: type = type(None)
_PLAIN: frozenset[type] = frozenset({str, int, float, bool, _NONE, Allocated, AllocatedPort})
_STRUCT: frozenset[type] = frozenset({dict, _NONE})
_LIST: frozenset[type] = frozenset({list, _NONE})
_BYTES = _PLAIN | _LIST
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
    decoded = _value(node, value, minor, known)
    if isinstance(decoded, dict):
        return whole_object(decoded, minor)
    return value


def cut_off(node: Node | None, value: Json) -> Json:
    """A value whose integers are cut off to the width of their fields, without a word.

    So an object is read that was merged or applied; only one that is created or replaced as JSON is
    refused for them. Source: k8s.io/apimachinery pkg/runtime/converter.go (reflect's Convert).
    """
    if node is None:
        return value
    if isinstance(value, dict):
        return {key: cut_off(node.child(key), child) for key, child in value.items()}
    if isinstance(value, list):
        return [cut_off(node.items, item) for item in value]
    if value.__class__ is int and node.format == "int32":
        return (value + 2**31) % 2**32 - 2**31
    return value


def _value(node: Node | None, value: Json, minor: int, known: Json = None) -> Json:
    if node is None or value is known or _opaque(node):
        return value
    if isinstance(value, dict):
        known = known if isinstance(known, dict) else {}
        if node.is_struct:
            return _fields(node, value, minor, known)
        return _entries(node, value, minor, known)
    if isinstance(value, list):
        return _items(node, value, minor, known)
    return value


def _items(node: Node, value: list[Json], minor: int, known: Json) -> list[Json]:
    _check_items(node.items, value)
    if not _deep(node.items):
        if None in value:
            return [_or_zero(node.items, item) for item in value]
        return value
    if isinstance(known, list):
        like = known[: len(value)]
    else:
        like = []
    decoded = [  # an item that the known list holds itself was decoded with it
        _value(node.items, item or {}, minor, twin)
        for item, twin in itertools.zip_longest(value, _twins(value, like))
    ]
    if all(map(operator.is_, decoded, value)):
        return value
    return decoded


def _twins(value: list[Json], known: list[Json]) -> list[Json]:
    """For each item the known one to compare it with: itself, wherever it stands, else its
    place's."""
    if not known:
        return []
    by_id = {id(item): item for item in known}
    padded = itertools.chain(known, itertools.repeat(None))
    return [by_id.get(id(item), twin) for item, twin in zip(value, padded, strict=False)]


def _check_items(node: Node | None, value: list[Json]) -> None:
    if not _shape(node).issuperset(map(type, value)):
        of = node.ref if node else "values"
        raise UndecodableError(f"items of the wrong type in a list of {of}")


@cache
def _shape(node: Node | None) -> frozenset[type]:
    """The Python types that a value of this schema may have."""
    if node is None or _opaque(node) or (node.preserve_unknown and not node.is_struct):
        return _ANY
    if node.is_struct or node.additional is not None:
        return _STRUCT
    if node.format == "byte":
        return _BYTES
    if node.type == "array":
        return _LIST
    return _PLAIN


class _Plan:
    """What a server of one minor does to the fields of one struct when it decodes it."""

    def __init__(self, node: Node, minor: int) -> None:
        name = struct(node)
        gates = GATED.get(name, {})
        self.name: str = name
        self.fields: Mapping[str, Node] = node.properties
        self.open: bool = node.preserve_unknown
        self.off: frozenset[str] = frozenset(key for key in gates if gates[key] > minor)
        """Fields whose feature gate this minor has switched off: dropped as if unknown."""
        self.emptied: frozenset[str] = frozenset(
            key for key, field in node.properties.items() if struct(field) in GONE_WHEN_EMPTIED
        )
        """Structs that go with their last field where that is switched off."""
        self.rows: tuple[Default, ...] = tuple(
            row for row in DEFAULTS.get(name, ()) if row.since <= minor
        )
        self.computed: Completion | None = COMPUTED.get(name)
        self.known: dict[str, tuple[Node, frozenset[type]]] = {}
        """Fields that were met: their nodes, and the Python types that they may have."""
        self.repeated: Kept[Object] | None = Kept() if name in STRUCTS else None
        """What was made of values of this struct, where many objects have the same."""

    def field(self, name: str) -> tuple[Node | None, frozenset[type] | None]:
        """The same for a field that was not met yet; None for one that is dropped."""
        node = self.fields.get(name)
        if name in self.off or (node is None and not self.open):
            return None, None
        if node is None:
            return None, _ANY
        self.known[name] = entry = node, _shape(node)
        return entry


@cache
def _plan(node: Node, minor: int) -> _Plan:
    return _Plan(node, minor)


@cache
def _opaque(node: Node) -> bool:
    return node.ref.endswith(_OPAQUE)


def _fields(node: Node, value: Mapping[str, Json], minor: int, known: Mapping[str, Json]) -> Json:
    plan = _plan(node, minor)
    if plan.repeated is None:
        return _completed(plan, value, minor, known)
    key = exact(value)
    decoded = plan.repeated.get(key)
    if decoded is None:
        decoded = _completed(plan, value, minor, known)
        plan.repeated.put(key, decoded)
    return decoded


def _completed(
    plan: _Plan, value: Mapping[str, Json], minor: int, known: Mapping[str, Json]
) -> Json:
    """The fields of a struct, decoded, and its defaults."""
    kept, unchanged = _kept_fields(plan, value, minor, known)
    for name in plan.emptied:
        if kept.get(name) == {} and _loses_fields(plan.fields[name], value[name], minor):
            del kept[name]
    if not plan.rows and plan.computed is None:
        if unchanged:
            return value
        return kept
    for row in plan.rows:
        if _wanted(row, kept):
            kept[row.field] = _value(plan.fields.get(row.field), row.value, minor)
    if plan.computed is not None:
        plan.computed(kept, minor)
    return kept


def _kept_fields(
    plan: _Plan, value: Mapping[str, Json], minor: int, known: Mapping[str, Json]
) -> tuple[dict[str, Json], bool]:
    """The fields that the struct has, decoded, and whether they are all and as they were."""
    kept = {}
    unchanged = True
    for key, child in value.items():
        kind = child.__class__
        below, shape = plan.known.get(key) or plan.field(key)
        if child is None or shape is None:
            unchanged = False
        elif kind not in shape:
            raise UndecodableError(f"{plan.name}.{key} is of the wrong type")
        elif kind is dict or kind is list:
            kept[key] = decoded = _value(below, child, minor, known.get(key))
            unchanged = unchanged and decoded is child
        else:
            kept[key] = child
    return kept, unchanged


def _loses_fields(node: Node, value: Json, minor: int) -> bool:
    """Whether a struct has fields that are switched off."""
    written = [name for name, item in part(value).items() if item is not None]
    return not _plan(node, minor).off.isdisjoint(written)


def _wanted(row: Default, fields: Mapping[str, Json]) -> bool:
    if row.when and fields.get(row.when[0]) != row.when[1]:
        return False
    present = fields.get(row.field)
    return present is None or (
        row.plain and present in ("", 0, []) and not isinstance(present, bool)
    )


def _entries(node: Node, value: Mapping[str, Json], minor: int, known: Mapping[str, Json]) -> Json:
    if not _shape(node.additional).issuperset(map(type, value.values())):
        raise UndecodableError("a value of the wrong type in a mapping")
    if _deep(node.additional):
        return {
            key: _value(node.additional, _or_empty(node.additional, child), minor, known.get(key))
            for key, child in value.items()
        }
    if None not in value.values():
        return value
    return {key: _or_zero(node.additional, child) for key, child in value.items()}


def _or_empty(node: Node | None, value: Json) -> Json:
    """A value, and for null the empty struct that Go leaves in its place."""
    if value is None and node is not None and node.is_struct:
        return {}
    return value


_ZEROS: Mapping[str, Json] = {"string": "", "integer": 0, "number": 0, "boolean": False}


def _or_zero(node: Node | None, value: Json) -> Json:
    """A plain value, and for null what Go leaves in its place: the zero value of its type."""
    if value is not None or node is None:
        return value
    if node.quantity:
        return "0"
    if node.int_or_string:
        return 0
    return _ZEROS.get(node.type)


def _deep(node: Node | None) -> bool:
    """Whether decoding can change anything below a node's items: structs do, scalars do not."""
    return node is not None and _has_structs(node)


@cache
def _has_structs(node: Node) -> bool:
    return node.is_struct or _deep(node.additional) or _deep(node.items)
