"""Paths into a schema: `fieldPath` of validation rules, `jsonPath` of selectable fields.

Source: apiextensions-apiserver pkg/apiserver/schema/cel (ValidFieldPath).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from policylint.model import Object
from policylint.runtime.patterns import pattern

_STEP = pattern(r"\.(?P<name>[^.\[\]]+)|\['(?P<key>(?:[^'\\]|\\.)*)'\]")
_DELIMITER = pattern(r"[.\[\]]")
_ESCAPE = pattern(r"\\(.)")
_ESCAPED = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "'": "'",
    "\\": "\\",
}


class FieldPathError(ValueError):
    """A path that leads nowhere; the message is the server's."""


def follow(path: str, schema: Object, brackets: bool = True) -> tuple[str, Object]:
    """The path as the server writes it (".a.b[k]") and the schema it leads to; raises
    FieldPathError."""
    at, written = 0, ""
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise FieldPathError(_problem(path, at))
        if match["key"] is not None and not brackets:
            raise FieldPathError("array notation is not allowed")
        if match["name"] is not None:
            name = match["name"]
        else:
            name = _unescaped(match["key"])
        written, schema = _step(written, schema, name)
        at = match.end()
    return written, schema


def _step(written: str, schema: Object, name: str) -> tuple[str, Object]:
    properties, additional = schema.get("properties"), schema.get("additionalProperties")
    if properties:
        if name not in properties:
            raise FieldPathError("does not refer to a valid field")
        return f"{written}.{name}", properties[name]
    if isinstance(additional, Mapping):
        return f"{written}[{name}]", additional
    raise FieldPathError("does not refer to a valid field")


def _problem(path: str, at: int) -> str:
    rest = path[at:]
    if rest[0] not in ".[":
        return f"expected [ or . but got: {_DELIMITER.split(rest)[0]}"
    if len(rest) == 1:
        return "unexpected end of JSON path"
    return f"expected single quoted string but got {rest[1:]}"


def _unescaped(text: str) -> str:
    def char(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPED:
            raise FieldPathError(f"invalid string literal: invalid escape char {match[0]}")
        return _ESCAPED[match[1]]

    return _ESCAPE.sub(char, text)
