"""A custom resource's JSON as the CEL values its rules see, shaped by the schema.

Source: k8s.io/apiserver pkg/cel (UnstructuredToVal, Escape): fields the schema does not declare are
not visible, names that CEL cannot spell are escaped, and a string's format decides its type.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from policylint.cel import times
from policylint.cel.formats import loose_duration
from policylint.cel.values import CelError, MapList, SetList
from policylint.model import Json, Object
from policylint.runtime.patterns import pattern

_RESERVED = frozenset(
    ("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function")
) | frozenset(
    ("if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while")
)
_ESCAPED = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_PIECE = pattern(r"__|[-./]|[^A-Za-z0-9_]")


def escape(name: str) -> str | None:
    """A field's name as an expression writes it; None where it cannot be written."""
    if not name or name[0].isdigit():
        return None
    if name in _RESERVED:
        return f"__{name}__"
    pieces = _PIECE.findall(name)
    if any(piece not in _ESCAPED for piece in pieces):
        return None
    return _PIECE.sub(lambda match: _ESCAPED[match[0]], name)


def to_cel(value: Json, schema: Object, root: bool = False) -> Any:
    """The CEL value of a JSON value; raises CelError where the server's conversion fails.

    `root` adds what every resource has: apiVersion, kind, metadata.name and metadata.generateName.
    """
    if value is None:
        if schema.get("nullable"):
            return None
        raise CelError("invalid data, got null for schema with nullable=false")
    if schema.get("x-kubernetes-int-or-string"):
        return value
    kind = schema.get("type")
    if kind in _OBJECTS and (root or schema.get("x-kubernetes-embedded-resource")):
        schema = with_meta(schema)
    convert, python = _CONVERSIONS.get(kind, (_opaque_value, ()))
    if isinstance(value, python) and not _is_bool_for(value, kind):
        return convert(value, schema)
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return _opaque(value)
    raise CelError(f"invalid data, expected {kind}")


def _is_bool_for(value: Json, kind: str | None) -> bool:
    """Whether Python takes a bool for the number that the schema asks for."""
    return isinstance(value, bool) and kind != "boolean"


def with_meta(schema: Object) -> Object:
    """The schema with the fields that rules at the root of a resource always see; one that declares
    them all keeps what it declares beside them."""
    text = {"type": "string"}
    if _declares_meta(schema):
        return schema
    meta = {"type": "object", "properties": {"name": text, "generateName": text}}
    known = {"apiVersion": text, "kind": text, "metadata": meta}
    return {**schema, "type": "object", "properties": {**(schema.get("properties") or {}), **known}}


def _declares_meta(schema: Object) -> bool:
    """Whether a schema declares what every resource has (WithTypeAndObjectMeta)."""
    declared = schema.get("properties") or {}
    metadata = declared.get("metadata") or {}
    names = metadata.get("properties") or {}
    texts = (
        *(declared.get(name) for name in ("apiVersion", "kind")),
        *(names.get(name) for name in ("name", "generateName")),
    )
    return metadata.get("type") == "object" and all(
        (field or {}).get("type") == "string" for field in texts
    )


def _object(value: Object, schema: Object) -> dict[str, Any]:
    properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
    preserved = schema.get("x-kubernetes-preserve-unknown-fields") or additional is True
    entries: dict[str, Any] = {}
    for name, item in value.items():
        if name in properties:
            entries.update(_field(name, item, properties[name]))
        elif isinstance(additional, Mapping) and not properties:
            entries[name] = to_cel(item, additional)
        elif preserved:
            # takes part in comparisons, but no expression can name it
            entries[f"\0{name}"] = _opaque(item)
    return entries


def _field(name: str, value: Json, schema: Object) -> dict[str, Any]:
    """A declared field by the names that an expression may write it with."""
    if value is None:
        # a null field is as good as absent, but for comparisons
        return {f"\0{name}": None}
    spelled = escape(name)
    if spelled is None:
        return {}
    converted = to_cel(value, schema)
    # a reserved word may be written either way
    if name in _RESERVED:
        return {spelled: converted, name: converted}
    return {spelled: converted}


def _list(value: list[Json], schema: Object) -> list[Any]:
    items = schema.get("items")
    if not isinstance(items, Mapping):
        raise CelError("invalid array type, expected Items with a non-empty Schema")
    values = [to_cel(item, items) for item in value]
    match schema.get("x-kubernetes-list-type"):
        case "set":
            return SetList(values)
        case "map":
            keys = (escape(name) for name in schema.get("x-kubernetes-list-map-keys") or ())
            return MapList(values, tuple(key for key in keys if key is not None))
    return values


def _string(value: str, schema: Object) -> Any:
    match schema.get("format"):
        case "date-time" | "datetime":
            return times.timestamp(value)
        case "date":
            return times.timestamp(f"{value}T00:00:00Z")
        case "duration":
            return loose_duration(value)
        case "byte":
            return base64.b64decode(value, validate=False)
    return value


def _opaque(value: Json) -> Any:
    if isinstance(value, Mapping):
        return {name: _opaque(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_opaque(item) for item in value]
    return value


def _opaque_value(value: Json, _: Object) -> Any:
    return _opaque(value)


def _number(value: float, _: Object) -> float:
    return float(value)


def _integer(value: float, _: Object) -> int:
    return int(value)


def _boolean(value: bool, _: Object) -> bool:
    return value


_OBJECTS = ("object", None)
_CONVERSIONS: Mapping[str | None, tuple[Callable[[Any, Object], Any], tuple[type, ...]]] = {
    **dict.fromkeys(_OBJECTS, (_object, (Mapping,))),
    "array": (_list, (list,)),
    "string": (_string, (str,)),
    "number": (_number, (int, float)),
    "integer": (_integer, (int, float)),
    "boolean": (_boolean, (bool,)),
}
"""By the schema's type: the conversion, and the types of JSON values that it takes."""
