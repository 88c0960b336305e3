"""A custom resource's JSON as the CEL values its rules see, shaped by the schema.

Source: k8s.io/apiserver pkg/cel (UnstructuredToVal, Escape): fields the schema does not declare are
not visible, names that CEL cannot spell are escaped, and a string's format decides its type.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
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
    match schema.get("type"):
        case "object" | None if isinstance(value, Mapping):
            return _object(
                value,
                with_meta(schema)
                if root or schema.get("x-kubernetes-embedded-resource")
                else schema,
            )
        case "array" if isinstance(value, list):
            return _list(value, schema)
        case "string" if isinstance(value, str):
            return _string(value, str(schema.get("format") or ""))
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        case "integer" if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
        case "boolean" if isinstance(value, bool):
            return value
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return _opaque(value)
    raise CelError(f"invalid data, expected {schema.get('type')}")


def with_meta(schema: Object) -> Object:
    """The schema with the fields that rules at the root of a resource always see."""
    text = {"type": "string"}
    meta = {"type": "object", "properties": {"name": text, "generateName": text}}
    known = {"apiVersion": text, "kind": text, "metadata": meta}
    return {**schema, "type": "object", "properties": {**(schema.get("properties") or {}), **known}}


def _object(value: Object, schema: Object) -> dict[str, Any]:
    properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
    made: dict[str, Any] = {}
    for name, item in value.items():
        if name in properties and item is None:
            made[f"\0{name}"] = None  # a null field is as good as absent, but for comparisons
        elif name in properties:
            spelled = escape(name)
            if spelled is not None:
                made[spelled] = to_cel(item, properties[name])
                if name in _RESERVED:
                    made[name] = made[spelled]  # may be written either way
        elif isinstance(additional, Mapping) and not properties:
            made[name] = to_cel(item, additional)
        elif schema.get("x-kubernetes-preserve-unknown-fields") or additional is True:
            made[f"\0{name}"] = _opaque(item)  # takes part in comparisons, cannot be named
    return made


def _list(value: list[Json], schema: Object) -> list[Any]:
    items = schema.get("items")
    if not isinstance(items, Mapping):
        raise CelError("invalid array type, expected Items with a non-empty Schema")
    made = [to_cel(item, items) for item in value]
    match schema.get("x-kubernetes-list-type"):
        case "set":
            return SetList(made)
        case "map":
            keys = (escape(name) for name in schema.get("x-kubernetes-list-map-keys") or ())
            return MapList(made, tuple(key for key in keys if key is not None))
    return made


def _string(value: str, kind: str) -> Any:
    match kind:
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
    return [_opaque(item) for item in value] if isinstance(value, list) else value
