"""Functions of Go templates: what they take, as Go sees it, and calling them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.values import MISSING, go_type, has_no_order

_LONGEST = 1_000_000
"""Characters, or entries, of a result."""
_LARGEST = 100_000
"""What a count may be at most."""
_SORTED_BY = frozenset({"sortAlpha", "has", "mustHas", "len", "empty", "not", "and", "or"})
"""Functions whose result does not depend on the order of a list."""


class Function(Struct, frozen=True):
    """A function and the Go types of its parameters, a letter each: `s` string, `i` int, `f`
    float64, `b` bool, `m` map[string]any, `a` any; after `*` comes the type of all that follow."""

    takes: str
    call: Callable[..., Any]


Functions = Mapping[str, Function]

_NAMES = {"s": "string", "i": "int", "b": "bool", "f": "float64", "m": "map[string]interface {}"}


def called(name: str, function: Function, arguments: list[Any], constants: list[bool]) -> Any:
    """What a function makes of its arguments; `constants` says which of them stand in the template.
    Raises TemplateError."""
    kinds = _kinds(function.takes, len(arguments))
    if kinds is None:
        raise TemplateError(f"{name} with {len(arguments)} arguments")
    rows = zip(kinds, arguments, constants, strict=True)
    taken = [_taken(name, kind, argument, constant) for kind, argument, constant in rows]
    if name not in _SORTED_BY and any(map(has_no_order, taken)):
        raise TemplateError(f"{name} of the keys of a map, which come in no order")
    try:
        result = function.call(*taken)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, ArithmeticError) as error:
        raise TemplateError(f"{name}: {error}") from None
    if isinstance(result, str | list | dict) and len(result) > _LONGEST:
        raise TemplateError(f"{name} makes more than is evaluated here")
    return result


def _kinds(takes: str, count: int) -> str | None:
    """The letter of each argument; None for a wrong number of them."""
    fixed, star, rest = takes.partition("*")
    if star and count >= len(fixed):
        return fixed + rest * (count - len(fixed))
    return fixed if count == len(fixed) and not star else None


def _taken(name: str, kind: str, argument: Any, constant: bool) -> Any:
    """An argument as the type that the parameter has; numbers of the template fit each type of
    numbers."""
    if kind == "a":
        return None if argument is MISSING else argument
    if kind == "m" and argument is MISSING:
        return {}
    own = go_type(argument)
    if kind == "f" and constant and own == "int":
        return float(argument)
    if own != _NAMES[kind]:
        raise TemplateError(f"{name} takes {_NAMES[kind]}, and is handed {own}")
    return _counted(name, argument) if kind == "i" else argument


def _counted(name: str, count: int) -> int:
    if abs(count) > _LARGEST:
        raise TemplateError(f"{name} with a count that is not evaluated here")
    return count
