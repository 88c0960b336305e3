"""What a schema declares to CEL: the type of each value, and how large it can be in one request.

Source: k8s.io/apiserver pkg/cel/common (SchemaDeclType): what has no limit of its own is bounded by
the 3 MiB a request may have; a schema CEL cannot express has no shape.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from policylint.cel.sizes import Path, Span
from policylint.cel.types import BOOL, DYN, INT, STRING, Type, parse_type
from policylint.kubernetes.crds.convert import escape, with_meta
from policylint.model import Object

MAX_REQUEST = 3 * 1024 * 1024
"""The largest request the server takes, in bytes."""

_TIMES = {
    "duration": ("duration", 3, 32),
    "date": ("timestamp", 12, 12),
    "date-time": ("timestamp", 21, 32),
}


class Shape(Struct, frozen=True):
    """A value's CEL type, the most elements or characters it can have, and its least size as
    JSON."""

    type: Type
    most: int = 0
    least: int = 1
    item: Shape | None = None
    fields: Mapping[str, Shape] = field(default_factory=dict)


def shape_of(schema: Object, root: bool = False, name: str = "self") -> Shape | None:
    """The shape of a schema's values; `root` for a resource, whose kind and metadata are always
    visible."""
    if schema.get("x-kubernetes-int-or-string"):
        return Shape(DYN, _string_limit(schema, MAX_REQUEST - 2), 1)
    if root:
        schema = with_meta(schema)
    match schema.get("type"):
        case "array":
            return _array(schema, name)
        case "object":
            if isinstance(schema.get("additionalProperties"), Mapping):
                return _map(schema, name)
            return _object(schema, name)
        case "string":
            return _string(schema)
        case "boolean":
            return Shape(BOOL, 0, 4)
        case "number":
            return Shape(parse_type("double"), 0, 1)
        case "integer":
            return Shape(INT, 0, 1)
    return None


def _array(schema: Object, name: str) -> Shape | None:
    items = schema.get("items")
    if isinstance(items, Mapping):
        item = shape_of(items, _embedded(items), f"{name}.@idx")
    else:
        item = None
    if item is None:
        return None
    limit = schema.get("maxItems")
    if limit is not None:
        most = max(limit, 0)
    else:
        most = (MAX_REQUEST - 2) // (item.least + 1)
    return Shape(Type("list", (item.type,)), most, 2, item)


def _map(schema: Object, name: str) -> Shape | None:
    values = schema["additionalProperties"]
    item = shape_of(values, _embedded(values), f"{name}.@elem")
    if item is None:
        return None
    limit = schema.get("maxProperties")
    if limit is not None:
        most = max(limit, 0)
    else:
        most = (MAX_REQUEST - 2) // (item.least + 6)
    return Shape(Type("map", (STRING, item.type)), most, 2, item)


def _object(schema: Object, name: str) -> Shape:
    fields: dict[str, Shape] = {}
    least, required = 2, schema.get("required") or ()
    for key, child in (schema.get("properties") or {}).items():
        shape = shape_of(child, _embedded(child), f"{name}.{key}")
        if shape is None:
            continue
        spelled = escape(key)
        if spelled is not None:
            fields[spelled] = shape
        if key in required and child.get("default") is None:
            least += len(key) + shape.least + 4
    kinds = {key: shape.type for key, shape in fields.items()}
    return Shape(Type("object", name=name, fields=kinds), 0, least, None, fields)


def _string(schema: Object) -> Shape:
    kind = str(schema.get("format") or "")
    if kind in _TIMES:
        name, least, most = _TIMES[kind]
        return Shape(parse_type(name), most, least)
    if kind == "byte":
        limit = schema.get("maxLength")
        return Shape(
            parse_type("bytes"), max(limit, 0) if limit is not None else MAX_REQUEST - 2, 2
        )
    values = schema.get("enum")
    if values:
        longest = max((len(item.encode()) for item in values if isinstance(item, str)), default=0)
    else:
        longest = MAX_REQUEST - 2
    return Shape(STRING, _string_limit(schema, longest), 2)


def _string_limit(schema: Object, otherwise: int) -> int:
    limit = schema.get("maxLength")
    if limit is not None:
        return max(int(limit), 0) * 4
    return otherwise


def _embedded(schema: Object) -> bool:
    return bool(schema.get("x-kubernetes-embedded-resource"))


def size_at(shape: Shape, path: Path) -> Span | None:
    """The size of what a path such as ("self", "names", "@items") leads to; None where the schema
    does not say."""
    current: Shape | None = shape
    for name in path[1:]:
        if current is None:
            return None
        if name in ("@items", "@values"):
            current = current.item
        elif name == "@keys":
            if current.type.kind == "map":
                current = Shape(STRING)
            else:
                current = None
        else:
            current = current.fields.get(name)
    if current is not None:
        return Span(0, current.most)
    return None
