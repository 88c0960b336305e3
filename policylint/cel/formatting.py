"""CEL's `string.format`: clauses such as %s, %d and %.2f, as cel-go's strings extension at version
2 writes them.

Source: https://pkg.go.dev/github.com/google/cel-go/ext#Strings; numbers are written as for en-US
(1,234.50), powers of ten with superscripts, and values inside lists and maps as CEL literals.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policylint.cel.times import written
from policylint.cel.values import (
    CelError,
    CelUnsupported,
    Duration,
    Timestamp,
    TypeValue,
    type_name,
)
from policylint.runtime.gofloats import float_text
from policylint.runtime.patterns import pattern

_CLAUSE = pattern(r"%(?:%|(?:\.(?P<precision>\d+))?(?P<verb>.?))", re.DOTALL)
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_INTEGERS = ("int", "uint")
_TEXTS = (
    "string",
    "bool",
    "bytes",
    "int",
    "uint",
    "double",
    "map",
    "list",
    "type",
    "duration",
    "timestamp",
    "null",
    "dyn",
)

ACCEPTS: Mapping[str, tuple[str, ...]] = {
    "s": _TEXTS,
    "d": (*_INTEGERS, "dyn"),
    "f": ("double", "dyn"),
    "e": ("double", "dyn"),
    "b": (*_INTEGERS, "bool", "dyn"),
    "x": (*_INTEGERS, "string", "bytes", "dyn"),
    "X": (*_INTEGERS, "string", "bytes", "dyn"),
    "o": (*_INTEGERS, "dyn"),
}
"""The kinds of values each clause takes."""


def clauses(template: str) -> Iterator[str]:
    """The verbs of a template's clauses, in order; raises CelError for one that does not exist."""
    for match in _CLAUSE.finditer(template):
        if match[0] != "%%":
            yield _verb(match)


def _verb(match: re.Match[str]) -> str:
    verb = match["verb"]
    if not verb:
        raise CelError("unexpected end of string")
    if verb not in ACCEPTS:
        raise CelError(
            f'could not parse formatting clause: unrecognized formatting clause "{verb}"'
        )
    return verb


def format_text(template: Any, args: Any) -> str:
    """The template with its clauses filled in; raises CelError where a value does not fit its
    clause."""
    if not isinstance(template, str) or not isinstance(args, list):
        raise CelError("no such overload")
    taken = 0

    def fill(match: re.Match[str]) -> str:
        nonlocal taken
        if match[0] == "%%":
            return "%"
        verb = _verb(match)
        if taken >= len(args):
            raise CelError(f"index {taken} out of range")
        taken += 1
        return _WRITERS[verb](args[taken - 1], match["precision"])

    text = _CLAUSE.sub(fill, template)
    if taken < len(args):
        raise CelError(
            f"too many arguments supplied to string.format (expected {taken}, got {len(args)})"
        )
    return text


def _string(value: Any, _: str | None = None) -> str:
    if value is None:
        return "null"
    for kind, write in _STRINGS:
        if isinstance(value, kind):
            return write(value)
    raise CelError(
        "string clause can only be used on strings, numbers, lists, ..., "
        f"was given {type_name(value)}"
    )


def _bool(value: bool) -> str:
    if value:
        return "true"
    return "false"


def _utf8(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise CelError("invalid UTF-8 in bytes, cannot convert to string") from error


def _literal(value: Any) -> str:
    """A value inside a list or map: as an expression would write it."""
    match value:
        case list():
            return f"[{', '.join(map(_literal, value))}]"
        case dict():
            pairs = sorted((_literal(key), _literal(item)) for key, item in value.items())
            return "{" + ", ".join(f"{key}:{item}" for key, item in pairs) + "}"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case bytes():
            return f"b{json.dumps(_utf8(value), ensure_ascii=False)}"
        case float():
            return f"{value:.6f}"
        case Timestamp():
            return f'timestamp("{written(value)}")'
        case Duration():
            return f'duration("{written(value)}")'
    return _string(value)


_STRINGS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, _bool),
    (str, str),
    (float, float_text),
    (int, lambda value: str(int(value))),
    (bytes, _utf8),
    (Timestamp, written),
    (Duration, written),
    (TypeValue, lambda value: str(value.name)),
    (list, _literal),
    (dict, _literal),
)
"""How %s writes a value of each type; the first that fits, so bool stands before int."""


def _decimal(value: Any, _: str | None) -> str:
    return str(int(_integer(value, "decimal clause")))


def _integer(value: Any, clause: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CelError(
            f"error during formatting: {clause} can only be used on integers, "
            f"was given {type_name(value)}"
        )
    return value


def _double(value: Any, clause: str) -> float:
    if not isinstance(value, float):
        raise CelError(
            f"error during formatting: {clause} can only be used on doubles, "
            f"was given {type_name(value)}"
        )
    return value


_MOST_PRECISE = 1_000
"""Decimals of a clause such as %.3f: a double has at most 1,074 that are not zero."""


def _not_finite(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    if number > 0:
        return "∞"
    return "-∞"


def _fixed(value: Any, precision: str | None) -> str:
    number = _double(value, "fixed-point clause")
    if not math.isfinite(number):
        return _not_finite(number)
    digits = precision or "6"
    if len(digits) > len(str(_MOST_PRECISE)) or int(digits) > _MOST_PRECISE:
        raise CelUnsupported(f"a number written with {digits[:20]} decimals")
    return f"{number:,.{int(digits)}f}"


def _scientific(value: Any, _: str | None) -> str:
    number = _double(value, "scientific clause")
    if not math.isfinite(number):
        return _not_finite(number)
    mantissa, _, exponent = f"{number:.6e}".partition("e")
    sign = "-" if exponent.startswith("-") else ""
    return f"{mantissa}×10{(sign + exponent[1:]).translate(_SUPERSCRIPT)}"


def _hexadecimal(upper: bool) -> Callable[[Any, str | None], str]:
    def write(value: Any, _: str | None) -> str:
        if isinstance(value, str | bytes):
            digits = (value.encode() if isinstance(value, str) else value).hex()
        else:
            digits = f"{_integer(value, 'hex clause'):x}"
        if upper:
            return digits.upper()
        return digits

    return write


def _binary(value: Any, _: str | None) -> str:
    return f"{int(value) if isinstance(value, bool) else _integer(value, 'binary clause'):b}"


def _octal(value: Any, _: str | None) -> str:
    return f"{_integer(value, 'octal clause'):o}"


_WRITERS: Mapping[str, Callable[[Any, str | None], str]] = {
    "s": _string,
    "d": _decimal,
    "f": _fixed,
    "e": _scientific,
    "b": _binary,
    "x": _hexadecimal(upper=False),
    "X": _hexadecimal(upper=True),
    "o": _octal,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {"format": format_text}
"""`string.format`."""
