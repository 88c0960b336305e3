"""Terraform's functions that only move values about: what they give when their arguments are known.

Source: the function reference of the Terraform language; each is total over JSON values or
undecided.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final


class Undecided:
    """The value of an expression that this file alone does not decide."""

    def __repr__(self) -> str:
        return "undecided"


UNDECIDED: Final = Undecided()


def call(name: str, arguments: list[Any]) -> Any:
    """The value of a call, `UNDECIDED` for any other function or for arguments that decide
    nothing."""
    known = _FUNCTIONS.get(name)
    if known:
        return known(arguments)
    return UNDECIDED


def _merge(arguments: list[Any]) -> Any:
    """Later maps win; behind one that is not known nothing before it is sure."""
    merged: dict[str, Any] = {}
    for argument in arguments:
        if not isinstance(argument, dict):
            return UNDECIDED
        merged |= argument
    return merged


def _concat(arguments: list[Any]) -> Any:
    if any(not isinstance(argument, list) for argument in arguments):
        return UNDECIDED
    return [item for argument in arguments for item in argument]


def _compact(arguments: list[Any]) -> Any:
    """Without null and empty strings; an item that is not known may be left out or not."""
    items = arguments[0] if len(arguments) == 1 else None
    if isinstance(items, list):
        return [item for item in items if item not in (None, "")]
    return UNDECIDED


def _coalesce(arguments: list[Any]) -> Any:
    return next((argument for argument in arguments if argument not in (None, "")), UNDECIDED)


def _try(arguments: list[Any]) -> Any:
    """The first argument, where it can be told that it does not fail."""
    if arguments:
        return arguments[0]
    return UNDECIDED


def _lookup(arguments: list[Any]) -> Any:
    if (
        len(arguments) not in (2, 3)
        or not isinstance(arguments[0], dict)
        or not isinstance(arguments[1], str)
    ):
        return UNDECIDED
    return arguments[0].get(arguments[1], arguments[2] if len(arguments) == 3 else UNDECIDED)


def _format(arguments: list[Any]) -> Any:
    """Only `%s`, `%d` and `%v`, which print a string or a whole number as it is."""
    if not arguments or any(
        isinstance(argument, bool) or not isinstance(argument, (str, int)) for argument in arguments
    ):
        return UNDECIDED
    text, *values = arguments
    parts = str(text).replace("%d", "%s").replace("%v", "%s").split("%s")
    if len(parts) != len(values) + 1 or any("%" in part for part in parts):
        return UNDECIDED
    return parts[0] + "".join(
        f"{value}{part}" for value, part in zip(values, parts[1:], strict=True)
    )


def _join(arguments: list[Any]) -> Any:
    if len(arguments) != 2 or not isinstance(arguments[1], list):
        return UNDECIDED
    parts = [arguments[0], *arguments[1]]
    if all(isinstance(part, str) for part in parts):
        return str(arguments[0]).join(arguments[1])
    return UNDECIDED


def _same(arguments: list[Any]) -> Any:
    if len(arguments) == 1:
        return arguments[0]
    return UNDECIDED


def _string(arguments: list[Any]) -> Any:
    (value,) = arguments if len(arguments) == 1 else (UNDECIDED,)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value)
    return UNDECIDED


_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "merge": _merge,
    "concat": _concat,
    "compact": _compact,
    "coalesce": _coalesce,
    "try": _try,
    "lookup": _lookup,
    "format": _format,
    "join": _join,
    "tostring": _string,
    "tonumber": _same,
    "tobool": _same,
    "tolist": _same,
    "toset": _same,
    "tomap": _same,
    "nonsensitive": _same,
    "sensitive": _same,
}
