"""What the decoder of the API server makes of values that do not fit their Go fields (sigs.k8s.io/json)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

from policylint.model import Json
from policylint.quantity import parse_quantity
from policylint.schemas import Node
from policylint.validity.fitting import Misfit
from policylint.validity.walk import struct

_WIDTHS = {"int32": 31, "int64": 63, "": 63}
_QUANTITY_RULE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


def misfits(node: Node, value: Json) -> Iterator[Misfit]:
    """The values that cannot be decoded; unknown fields are passed over."""
    return _value(node, value, "", "", struct(node))


def _value(node: Node, value: Json, field: str, path: str, owner: str) -> Iterator[Misfit]:
    if value is None or node.preserve_unknown:
        return
    if node.quantity:
        yield from _quantity(value, field)
    elif node.int_or_string:
        yield from _int_or_string(value, field)
    elif node.type == "array":
        yield from _list(node, value, field, path, owner)
    elif node.type == "object" or node.properties:
        yield from _map(node, value, field, path, owner)
    elif node.type:
        yield from _scalar(node, value, field, path, owner)


def _map(node: Node, value: Json, field: str, path: str, owner: str) -> Iterator[Misfit]:
    if not isinstance(value, Mapping):
        kind = f"map[string]{_go_kind(node.additional)}" if node.additional else _go_kind(node)
        yield _wrong(value, field, path, owner, kind)
        return
    inner = struct(node).rpartition(".")[2] if node.properties else owner
    for key, item in value.items():
        child = node.properties.get(key)
        if child is not None:
            here = f"{field}.{key}" if field else key
            yield from _value(child, item, here, f"{path}.{key}" if path else key, inner)
        elif node.additional is not None:
            yield from _value(node.additional, item, f"{field}[{key}]", path, owner)


def _list(node: Node, value: Json, field: str, path: str, owner: str) -> Iterator[Misfit]:
    if not isinstance(value, list):
        yield _wrong(value, field, path, owner, f"[]{_go_kind(node.items)}")
        return
    if node.items is not None:
        for index, item in enumerate(value):
            yield from _value(node.items, item, f"{field}[{index}]", path, owner)


def _scalar(node: Node, value: Json, field: str, path: str, owner: str) -> Iterator[Misfit]:
    if node.type == "string":
        if not isinstance(value, str):
            yield _wrong(value, field, path, owner, _go_kind(node))
        elif node.format == "byte":
            yield from _bytes(value, field)
        elif node.format == "date-time" and not _TIME.match(value):
            layout = "2006-01-02T15:04:05Z07:00"
            text = f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
            yield Misfit(field, path, text)
    elif node.type == "boolean":
        if not isinstance(value, bool):
            yield _wrong(value, field, path, owner, "bool")
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        yield _wrong(value, field, path, owner, _go_kind(node))
    elif node.type == "integer" and not _fits(value, node.format):
        yield _wrong(value, field, path, owner, _go_kind(node), shown=f"number {value}")


def _fits(value: float, form: str) -> bool:
    width = _WIDTHS.get(form, 63)
    return float(value).is_integer() and -(1 << width) <= int(value) < (1 << width)


def _quantity(value: Json, field: str) -> Iterator[Misfit]:
    if isinstance(value, (Mapping, list, bool)) or parse_quantity(value) is None:
        yield Misfit(field, field, _QUANTITY_RULE)


def _int_or_string(value: Json, field: str) -> Iterator[Misfit]:
    if isinstance(value, (Mapping, list, bool)) or (isinstance(value, float) and not value.is_integer()):
        kind = "number" if isinstance(value, float) else _json_kind(value)
        yield Misfit(field, field, f"json: cannot unmarshal {kind} into Go value of type int32")


def _bytes(value: str, field: str) -> Iterator[Misfit]:
    wanted = value.replace("\n", "").replace("\r", "")
    try:
        base64.b64decode(wanted, validate=True)
    except (binascii.Error, ValueError):
        yield Misfit(field, field, f"illegal base64 data at input byte {_first_bad(wanted)}")


def _first_bad(text: str) -> int:
    bad = re.search(r"[^A-Za-z0-9+/]", text)
    if bad is None:
        return len(text) // 4 * 4 if len(text) % 4 == 1 else len(text)
    return bad.start()


def _wrong(value: Json, field: str, path: str, owner: str, kind: str, shown: str = "") -> Misfit:
    where = f"Go struct field {owner}.{path}" if path else "Go value"
    return Misfit(field, path, f"json: cannot unmarshal {shown or _json_kind(value)} into {where} of type {kind}")


def _json_kind(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _go_kind(node: Node | None) -> str:
    if node is None:
        return "interface {}"
    if node.properties:
        package, _, name = struct(node).rpartition(".")
        return f"{package.rpartition('.')[2]}.{name}"
    if node.type == "array":
        return f"[]{_go_kind(node.items)}"
    if node.type == "object":
        return f"map[string]{_go_kind(node.additional)}"
    return {"boolean": "bool", "integer": node.format or "int64", "number": "float64"}.get(node.type, "string")
