"""What the decoder of the API server makes of values that do not fit their Go fields.

A patch or replacement is JSON, decoded by sigs.k8s.io/json; an applied object is converted field by
field (k8s.io/apimachinery pkg/runtime/converter.go), which cuts off numbers that are too large
without a word. Go's names of string types (v1.RestartPolicy) and of embedded structs are not in the
published schemas: "string" and nothing are written for them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.validity.fitting import Misfit
from policylint.kubernetes.validity.walk import struct
from policylint.model import Json
from policylint.runtime.patterns import pattern

_WIDTHS = {"int32": 31, "int64": 63, "": 63}
_QUANTITY_RULE = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_TIME = pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:[0-5]\d)\Z")
_MICRO = pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d{6})(Z|[+-]\d\d:[0-5]\d)\Z")
_LAYOUT, _MICRO_LAYOUT = (f"2006-01-02T15:04:05{part}Z07:00" for part in ("", ".000000"))
_LAST_HOUR = 24
"""Of a time zone, as Go reads it."""


class _Position(Struct, frozen=True):
    """Where a value is: by index, by Go's names, the struct that holds it, and how it was sent."""

    field: str
    path: str
    owner: str
    server_side: bool

    def name(self, key: str, owner: str) -> _Position:
        return replace(
            self,
            field=f"{self.field}.{key}" if self.field else key,
            path=f"{self.path}.{key}" if self.path else key,
            owner=owner,
        )

    def item(self, key: object) -> _Position:
        return replace(self, field=f"{self.field}[{key}]")

    def wrong(self, text: str) -> Misfit:
        return Misfit(self.field, self.path, text)


def misfits(node: Node, value: Json, *, server_side: bool) -> Iterator[Misfit]:
    """The values that cannot be decoded; unknown fields are passed over."""
    return _value(node, value, _Position("", "", struct(node), server_side))


def _value(node: Node, value: Json, position: _Position) -> Iterator[Misfit]:
    if value is None or node.preserve_unknown:
        return
    if node.quantity:
        yield from _quantity(value, position)
    elif node.int_or_string:
        yield from _int_or_string(value, position)
    elif node.type == "array":
        yield from _list(node, value, position)
    elif node.type == "object" or node.is_struct:
        yield from _map(node, value, position)
    elif node.type:
        yield from _scalar(node, value, position)


def _map(node: Node, value: Json, position: _Position) -> Iterator[Misfit]:
    if not isinstance(value, Mapping):
        yield _unfit(value, position, _go_kind(node))
        return
    if node.is_struct:
        inner = struct(node).rpartition(".")[2]
    else:
        inner = position.owner
    for key, item in value.items():
        child = node.properties.get(key)
        if child is not None:
            yield from _value(child, item, position.name(key, inner))
        elif node.additional is not None:
            yield from _value(node.additional, item, position.item(key))


def _list(node: Node, value: Json, position: _Position) -> Iterator[Misfit]:
    if not isinstance(value, list):
        yield _unfit(value, position, _go_kind(node))
    elif node.items is not None:
        for index, item in enumerate(value):
            yield from _value(node.items, item, position.item(index))


def _scalar(node: Node, value: Json, position: _Position) -> Iterator[Misfit]:
    if node.type == "string":
        yield from _string(node, value, position)
    elif node.type == "boolean":
        if not isinstance(value, bool):
            yield _unfit(value, position, "bool")
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        yield _unfit(value, position, _go_kind(node))
    elif node.type == "integer":
        yield from _integer(value, position, _go_kind(node))


def _string(node: Node, value: Json, position: _Position) -> Iterator[Misfit]:
    if node.format == "byte" and not position.server_side and _is_bytes(value):
        return  # Go reads a list of numbers into bytes as well
    if not isinstance(value, str):
        yield _unfit(value, position, _go_kind(node))
    elif node.format == "byte":
        yield from _bytes(value, position)
    elif node.format == "date-time":
        yield from _time(node, value, position)


def _is_bytes(value: Json) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 256 for item in value)


def _time(node: Node, value: str, position: _Position) -> Iterator[Misfit]:
    form, layout = (_MICRO, _MICRO_LAYOUT) if node.ref.endswith(".MicroTime") else (_TIME, _LAYOUT)
    if not _is_time(value, form):
        yield position.wrong(
            f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
        )


def _is_time(text: str, form: re.Pattern[str]) -> bool:
    """Whether Go reads a time of RFC 3339: its form, and that there is such a day and zone."""
    match = form.match(text)
    if match is None:
        return False
    zone = match[match.lastindex or 0]
    try:
        return int(zone[1:3] or 0) <= _LAST_HOUR and bool(datetime.fromisoformat(text[:19]))
    except ValueError:
        return False


def _integer(value: float, position: _Position, kind: str) -> Iterator[Misfit]:
    width = _WIDTHS.get(kind, 63)
    whole = float(value).is_integer()
    if position.server_side:
        if not whole:
            yield position.wrong(f"cannot convert float64 to {kind}")
    elif not whole or not -(1 << width) <= int(value) < (1 << width):
        yield _unfit(value, position, kind, shown=f"number {value}")


def _quantity(value: Json, position: _Position) -> Iterator[Misfit]:
    if isinstance(value, (Mapping, list, bool)) or parse_quantity(value) is None:
        yield position.wrong(_QUANTITY_RULE)


def _int_or_string(value: Json, position: _Position) -> Iterator[Misfit]:
    if isinstance(value, (Mapping, list, bool)):
        shown = _json_kind(value)
    elif isinstance(value, (int, float)) and not (
        float(value).is_integer() and abs(value) < 1 << 31
    ):
        shown = f"number {value}"
    else:
        return
    if position.server_side:
        where = "Go value"
    else:
        where = f"Go struct field {position.owner}.{position.path}"
    yield position.wrong(f"json: cannot unmarshal {shown} into {where} of type int32")


def _bytes(value: str, position: _Position) -> Iterator[Misfit]:
    wanted = value.replace("\n", "").replace("\r", "")
    try:
        base64.b64decode(wanted, validate=True)
    except (binascii.Error, ValueError):
        if position.server_side:
            prefix = "error decoding from json: "
        else:
            prefix = ""
        yield position.wrong(f"{prefix}illegal base64 data at input byte {_first_bad(wanted)}")


def _first_bad(text: str) -> int:
    """Where Go's decoder stops: at the first character that is none of the alphabet, else where a
    group is cut off."""
    bad = re.search(r"[^A-Za-z0-9+/]", text)
    if bad is not None:
        return bad.start()
    if len(text) % 4 == 1:
        return len(text) // 4 * 4
    return len(text)


def _unfit(value: Json, position: _Position, kind: str, shown: str = "") -> Misfit:
    if position.path:
        where = f"Go struct field {position.owner}.{position.path}"
    else:
        where = "Go value"
    return position.wrong(
        f"json: cannot unmarshal {shown or _json_kind(value)} into {where} of type {kind}"
    )


def _json_kind(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    return "object"


def _go_kind(node: Node | None) -> str:
    if node is None:
        return "interface {}"
    if node.is_struct:
        package, _, name = struct(node).rpartition(".")
        return f"{package.rpartition('.')[2]}.{name}"
    if node.type == "array":
        return f"[]{_go_kind(node.items)}"
    if node.type == "object":
        if node.additional and node.additional.quantity:
            return "v1.ResourceList"
        return f"map[string]{_go_kind(node.additional)}"
    if node.format == "byte":
        return "[]uint8"
    return {"boolean": "bool", "integer": node.format or "int64", "number": "float64"}.get(
        node.type, "string"
    )
