"""String functions in CEL: cel-go's strings extension at version 2, which Kubernetes enables.

Source: https://pkg.go.dev/github.com/google/cel-go/ext#Strings and
https://kubernetes.io/docs/reference/using-api/cel/#cel-community-libraries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policylint.cel.values import CelError

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_UPPER = {lower: upper for upper, lower in _LOWER.items()}
_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000"
)
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
        if limit < 0 or limit >= len(chars):
            return chars
        return [*chars[: limit - 1], "".join(chars[limit - 1 :])]
    return _text(text).split(separator, limit - 1 if limit > 0 else -1)


def _join(parts: Any, separator: Any = "") -> str:
    if not isinstance(parts, list):
        raise CelError("no such overload")
    return _text(separator).join(map(_text, parts))


def _quote(text: Any) -> str:
    return '"' + "".join(_QUOTES.get(char, char) for char in _text(text)) + '"'


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
}
"""Functions over strings; `indexOf` is in `lists`, `find` and `matches` in `regex`, `format` in
`formatting`."""
