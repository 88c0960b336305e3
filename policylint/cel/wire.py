"""Reads the parser's output: a `cel.expr.ParsedExpr` protocol buffer, into the nodes of `tree`.

Field numbers are those of cel-spec's `proto/cel/expr/syntax.proto`. Only what the parser emits is
read, so a protobuf runtime is not needed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from policylint.cel.tree import (
    Call,
    Comprehension,
    Entry,
    Ident,
    Literal,
    MakeList,
    MakeMap,
    Node,
    Select,
)
from policylint.cel.values import Uint

Fields = dict[int, list[Any]]


def parsed(envelope: bytes) -> tuple[Node, dict[int, int]]:
    """The root node and the character offset of every node id, of a ParsedExpr packed in an
    `Any`."""
    message = _fields(_fields(envelope)[2][0])
    positions: dict[int, int] = {}
    for raw in _fields(_single(message, 3, b"")).get(4, ()):
        entry = _fields(raw)
        positions[_single(entry, 1, 0)] = _single(entry, 2, 0)
    return _node(message[2][0]), positions


def _node(raw: bytes) -> Node:
    fields = _fields(raw)
    number = _signed(_single(fields, 2, 0))
    for kind, read in _KINDS.items():
        if kind in fields:
            return read(number, _fields(fields[kind][0]))
    return Literal(number, None)


def _literal(number: int, fields: Fields) -> Node:
    for kind, convert in _CONSTANTS.items():
        if kind in fields:
            return Literal(number, convert(fields[kind][0]))
    return Literal(number, None)


def _ident(number: int, fields: Fields) -> Node:
    return Ident(number, _text(_single(fields, 1, b"")))


def _select(number: int, fields: Fields) -> Node:
    return Select(
        number, _node(fields[1][0]), _text(_single(fields, 2, b"")), bool(_single(fields, 3, 0))
    )


def _call(number: int, fields: Fields) -> Node:
    target = _node(fields[1][0]) if 1 in fields else None
    return Call(
        number, _text(_single(fields, 2, b"")), target, tuple(map(_node, fields.get(3, ())))
    )


def _list(number: int, fields: Fields) -> Node:
    optional: set[int] = set()
    for item in fields.get(2, ()):
        optional.update(_packed(item) if isinstance(item, bytes) else (item,))
    return MakeList(number, tuple(map(_node, fields.get(1, ()))), frozenset(optional))


def _map(number: int, fields: Fields) -> Node:
    return MakeMap(number, tuple(map(_entry, fields.get(2, ()))), _text(_single(fields, 1, b"")))


def _entry(raw: bytes) -> Entry:
    fields = _fields(raw)
    if 3 in fields:
        key = _node(fields[3][0])
    else:
        key = Literal(0, _text(_single(fields, 2, b"")))
    return Entry(key, _node(fields[4][0]), bool(_single(fields, 5, 0)))


def _comprehension(number: int, fields: Fields) -> Node:
    return Comprehension(
        number,
        var=_text(_single(fields, 1, b"")),
        var2=_text(_single(fields, 8, b"")),
        over=_node(fields[2][0]),
        accumulator=_text(_single(fields, 3, b"")),
        start=_node(fields[4][0]),
        condition=_node(fields[5][0]),
        step=_node(fields[6][0]),
        result=_node(fields[7][0]),
    )


_KINDS: dict[int, Callable[[int, Fields], Node]] = {
    3: _literal,
    4: _ident,
    5: _select,
    6: _call,
    7: _list,
    8: _map,
    9: _comprehension,
}


def _fields(raw: bytes) -> Fields:
    fields: Fields = {}
    for number, value in _scan(raw):
        fields.setdefault(number, []).append(value)
    return fields


def _scan(raw: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        value: Any
        if key & 7 == 0:
            value, at = _varint(raw, at)
        elif key & 7 == 1:
            value, at = raw[at : at + 8], at + 8
        elif key & 7 == 2:
            size, at = _varint(raw, at)
            value, at = raw[at : at + size], at + size
        else:
            value, at = raw[at : at + 4], at + 4
        yield key >> 3, value


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _packed(raw: bytes) -> Iterator[int]:
    at = 0
    while at < len(raw):
        value, at = _varint(raw, at)
        yield value


def _single(fields: Fields, number: int, default: Any) -> Any:
    if number in fields:
        return fields[number][0]
    return default


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _signed(value: int) -> int:
    if value >> 63:
        return value - (1 << 64)
    return value


def _double(raw: bytes) -> float:
    value: float = struct.unpack("<d", raw)[0]
    return value


_CONSTANTS: dict[int, Callable[[Any], Any]] = {
    1: lambda _: None,
    2: bool,
    3: _signed,
    4: Uint,
    5: _double,
    6: _text,
    7: bytes,
}
