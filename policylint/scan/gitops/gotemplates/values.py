"""Values of Go templates: what Go calls their types, whether they are true, how they are printed.

Whole numbers are Go's int, `Int64` its int64; numbers of JSON are floats. `MISSING` is what a key
comes to that is not there: Go's zero reflect.Value.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from policylint.runtime.gofloats import float_text
from policylint.scan.gitops.gotemplates.model import TemplateError


class Missing:
    """The type of MISSING."""

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


class Withheld(Struct, frozen=True):
    """Data that there are and that are not known here: what asks for them is refused."""

    why: str


class Int64(int):
    """An int64, which Go takes for no int."""


class Unordered(list[Any]):
    """Keys or values of a map: in no order, as Go has it, until they are sorted."""


def has_no_order(value: Any) -> bool:
    """Whether these are keys or values of a map that are not sorted."""
    return isinstance(value, Unordered) and len(value) > 1


_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (Int64, "int64"),
    (int, "int"),
    (float, "float64"),
    (str, "string"),
    (dict, "map[string]interface {}"),
    (list, "[]interface {}"),
)
_KINDS = {"map[string]interface {}": "map", "[]interface {}": "slice"}


def from_json(value: Any) -> Any:
    """A value as encoding/json reads it: every number is a float, every mapping one's own."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return float(value)
    return copied(value, from_json)


def copied(value: Any, entry: Any = None) -> Any:
    """A value that may be changed."""
    entry = entry or copied
    if isinstance(value, dict):
        return {str(key): entry(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [entry(item) for item in value]
    return value


def go_type(value: Any) -> str:
    """What Go's %T prints."""
    for known, name in _TYPES:
        if isinstance(value, known):
            return name
    return "<nil>"


def go_kind(value: Any) -> str:
    """What sprig's kindOf says."""
    name = go_type(value)
    return _KINDS.get(name, "invalid" if name == "<nil>" else name)


def is_true(value: Any) -> bool:
    """Whether `if` takes a value for true: neither zero, empty nor nil."""
    return bool(value)


def shown(value: Any) -> str:
    """A value as Go's %v prints it."""
    if has_no_order(value):
        raise TemplateError("a template prints the keys of a map, which come in no order")
    if value is None or value is MISSING:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, dict):
        pairs = (f"{key}:{shown(value[key])}" for key in sorted(value))
        return f"map[{' '.join(pairs)}]"
    if isinstance(value, list):
        return f"[{' '.join(map(shown, value))}]"
    return str(value)


def same(left: Any, right: Any) -> bool:
    """Whether two values are deeply equal, their types too (reflect.DeepEqual)."""
    if go_type(left) != go_type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(same(*pair) for pair in pairs)
    return bool(left == right)
