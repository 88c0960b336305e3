"""String functions in CEL: cel-go's strings extension at version 2, which Kubernetes enables.

Source: https://pkg.go.dev/github.com/google/cel-go/ext#Strings and
https://kubernetes.io/docs/reference/using-api/cel/#cel-community-libraries.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from policylint.cel.values import CelError, Duration, Timestamp, TypeValue, is_number, type_name

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_UPPER = {lower: upper for upper, lower in _LOWER.items()}
_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
_CLAUSE = re.compile(r"%(?:\.(?P<precision>\d+))?(?P<verb>.)", re.DOTALL)
_QUOTES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise CelError("no such overload")
    return value


def _char_at(text: Any, at: int) -> str:
    if not 0 <= at <= len(_text(text)):
        raise CelError(f"index out of range: {at}")
    return str(text[at : at + 1])


def _substring(text: Any, start: int, end: int | None = None) -> str:
    stop = len(_text(text)) if end is None else end
    if end is None and not 0 <= start <= len(text):
        raise CelError(f"index out of range: {start}")
    if start > stop:
        raise CelError(f"invalid substring range. start: {start}, end: {stop}")
    for at in (start, stop):
        if not 0 <= at <= len(text):
            raise CelError(f"index out of range: {at}")
    return str(text[start:stop])


def _replace(text: Any, old: Any, new: Any, limit: int = -1) -> str:
    return _text(text).replace(_text(old), _text(new), limit)


def _split(text: Any, separator: Any, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if _text(separator) == "":
        chars = list(_text(text))
        return chars if limit < 0 or limit >= len(chars) else [*chars[: limit - 1], "".join(chars[limit - 1 :])]
    return _text(text).split(separator, limit - 1 if limit > 0 else -1)


def _join(parts: Any, separator: Any = "") -> str:
    if not isinstance(parts, list):
        raise CelError("no such overload")
    return _text(separator).join(map(_text, parts))


def _quote(text: Any) -> str:
    return '"' + "".join(_QUOTES.get(char, char) for char in _text(text)) + '"'


def _format(template: Any, args: Any) -> str:
    pending = iter(args)

    def clause(match: re.Match[str]) -> str:
        if match["verb"] == "%":
            return "%"
        try:
            value = next(pending)
        except StopIteration:
            raise CelError("index out of range in string.format()") from None
        return _VERBS.get(match["verb"], _unknown_verb)(value, match)

    return _CLAUSE.sub(clause, _text(template))


def _unknown_verb(_: Any, match: re.Match[str]) -> str:
    raise CelError(f'could not parse formatting clause: unrecognized formatting clause "{match["verb"]}"')


def _verb_string(value: Any, match: re.Match[str]) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _special(value) or (str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value))
        case bytes():
            return value.decode("utf-8", "replace")
        case Timestamp() | Duration():
            from policylint.cel.times import written

            return written(value)
        case TypeValue():
            return value.name
        case list():
            return "[" + ", ".join(_verb_string(item, match) for item in value) + "]"
        case dict():
            pairs = sorted((_verb_string(key, match), _verb_string(item, match)) for key, item in value.items())
            return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
        case str() | int():
            return str(value)
    raise CelError(f"string clause cannot be used on a value of type {type_name(value)}")


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return ("Infinity" if value > 0 else "-Infinity") if math.isinf(value) else ""


def _verb_decimal(value: Any, _: re.Match[str]) -> str:
    if isinstance(value, bool) or not is_number(value):
        raise CelError("decimal clause can only be used on integers, was given " + type(value).__name__)
    return (_special(value) or f"{value:g}") if isinstance(value, float) else str(value)


def _verb_fixed(letter: str) -> Callable[[Any, re.Match[str]], str]:
    def write(value: Any, match: re.Match[str]) -> str:
        if not is_number(value):
            raise CelError("fixed-point and scientific clauses can only be used on numbers")
        precision = int(match["precision"]) if match["precision"] else 6
        return _special(float(value)) or f"{float(value):.{precision}{letter}}"

    return write


def _verb_hex(letter: str) -> Callable[[Any, re.Match[str]], str]:
    def write(value: Any, _: re.Match[str]) -> str:
        if isinstance(value, str | bytes):
            digits = (value.encode() if isinstance(value, str) else value).hex()
            return digits.upper() if letter == "X" else digits
        if isinstance(value, bool) or not isinstance(value, int):
            raise CelError("only integers, byte buffers, and strings can be formatted as hex")
        return f"{value:{letter}}"

    return write


def _verb_binary(value: Any, _: re.Match[str]) -> str:
    if not isinstance(value, int):
        raise CelError("only integers and bools can be formatted as binary")
    return f"{int(value):b}"


def _verb_octal(value: Any, _: re.Match[str]) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CelError("octal clause can only be used on integers")
    return f"{value:o}"


_VERBS: dict[str, Callable[[Any, re.Match[str]], str]] = {
    "s": _verb_string,
    "d": _verb_decimal,
    "f": _verb_fixed("f"),
    "e": _verb_fixed("e"),
    "x": _verb_hex("x"),
    "X": _verb_hex("X"),
    "b": _verb_binary,
    "o": _verb_octal,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "contains": lambda text, part: _text(part) in _text(text),
    "startsWith": lambda text, part: _text(text).startswith(_text(part)),
    "endsWith": lambda text, part: _text(text).endswith(_text(part)),
    "charAt": _char_at,
    "lowerAscii": lambda text: _text(text).translate(_LOWER),
    "upperAscii": lambda text: _text(text).translate(_UPPER),
    "trim": lambda text: _text(text).strip(_SPACE),
    "substring": _substring,
    "replace": _replace,
    "split": _split,
    "join": _join,
    "strings.quote": _quote,
    "format": _format,
}
"""Functions over strings; `indexOf` and `lastIndexOf` are in `lists`, `find` and `matches` in `regex`."""
