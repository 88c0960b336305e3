"""Whether a value of a file has the shape that a schema gives: what is wrong, where, and what was
meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policylint.errors import nearest
from policylint.model import Json
from policylint.redaction.redactor import mask_values

_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a number",
}
_TYPES: Mapping[str, type] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
}


def problems(
    value: Json, shape: Mapping[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """(path, message, remedy) of each place where a value is not of the schema's shape."""
    yield from _problems(value, shape, shape, ())


def _problems(
    value: Json, shape: Mapping[str, Any], root: Mapping[str, Any], path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    if "$ref" in shape:
        shape = {**root["$defs"][shape["$ref"].rpartition("/")[2]], **shape}
    wrong = _not_a_choice(value, shape) or _not_of_type(value, shape) or _not_text(value)
    if wrong is not None:
        words, remedy = wrong
        name = ".".join(map(str, path)) or "the configuration"
        yield path, f"{name} is {words}, not {_shown(value)!r}", remedy
    elif isinstance(value, dict):
        yield from _key_problems(value, shape, root, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _problems(item, shape.get("items", {}), root, (*path, index))


def _not_a_choice(value: Json, shape: Mapping[str, Any]) -> tuple[str, str] | None:
    """(what it should be, remedy) of a value that is none of those listed."""
    choices = shape.get("enum")
    if choices is None or value in choices:
        return None
    return f"one of {', '.join(choices)}", nearest(str(value), choices, "write one of these")


def _not_text(value: Json) -> tuple[str, str] | None:
    """(what it should be, remedy) of a text that no file and no program can be told."""
    if isinstance(value, str) and "\0" in value:
        return "text without a zero byte", "take the zero byte out"
    return None


def _not_of_type(value: Json, shape: Mapping[str, Any]) -> tuple[str, str] | None:
    """(what it should be, remedy) of a value of another type."""
    kinds = shape.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not kinds or any(_is(value, kind) for kind in kinds):
        return None
    wanted = " or ".join(_NAMES[kind] for kind in kinds)
    if kinds == ["string"]:
        return wanted, f'write it in quotes: "{_shown(value)}"'
    return wanted, f"make it {wanted}"


def _shown(value: Json) -> Json:
    """A value of the configuration as a message may repeat it."""
    return mask_values(value)


def _key_problems(
    value: Mapping[str, Json],
    shape: Mapping[str, Any],
    root: Mapping[str, Any],
    path: tuple[str | int, ...],
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    known, rest = shape.get("properties", {}), shape.get("additionalProperties", True)
    for key in value if rest is False else ():
        if key not in known:
            every = f"the keys here are {', '.join(known)}"
            yield (*path, key), f"unknown key {key!r}", nearest(key, known, every)
    for key in shape.get("required", ()):
        if key not in value:
            yield path, f"{'.'.join(map(str, path))} lacks {key}", f"add {key}: ..."
    for key, item in value.items():
        inner = known.get(key, rest)
        if isinstance(inner, dict):
            yield from _problems(item, inner, root, (*path, key))


def _is(value: Json, kind: str) -> bool:
    return isinstance(value, _TYPES[kind])
