"""CEL's values as Python holds them, their types, and when two are equal or ordered.

null, bool, int, double, string and bytes are Python's own; lists are lists, maps are dicts. What
Python lacks is here: unsigned integers, timestamps and durations to the nanosecond, optionals,
types, and the lists that the API server compares as sets or maps. Opaque values (quantities,
versions, addresses, ...) live beside their functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from msgspec import Struct

Value = Any


class CelError(Exception):
    """An expression's own failure, in the server's words: no such key, division by zero, ..."""


class CelUnsupported(Exception):  # noqa: N818 - an answer of its own, not an error of the expression
    """What policylint does not evaluate; the message names the function or construct that is
    lacking."""


class CelUnknown(CelUnsupported):
    """A value that nobody knows offline; `true || unknown` is true all the same."""


class Unknowable(Struct, frozen=True):
    """A value that is known to be there and nothing more: whoever looks at it gets
    `CelUnknown`."""

    what: str


class Uint(int):
    """CEL's uint."""

    cel_type: ClassVar[str] = "uint"


class Timestamp(Struct, frozen=True, order=True):
    """Nanoseconds since 1970 in UTC."""

    cel_type: ClassVar[str] = "google.protobuf.Timestamp"
    ns: int


class Duration(Struct, frozen=True, order=True):
    """Nanoseconds."""

    cel_type: ClassVar[str] = "google.protobuf.Duration"
    ns: int


class Optional(Struct, frozen=True):
    """A value that may be absent."""

    cel_type: ClassVar[str] = "optional_type"
    value: Value = None
    present: bool = False


NONE = Optional()


class TypeValue(Struct, frozen=True):
    """A type as a value: what `type(x)` gives."""

    cel_type: ClassVar[str] = "type"
    name: str


class SetList(list[Any]):
    """A list of `x-kubernetes-list-type: set`: equal to another in any order."""


class MapList(list[Any]):
    """A list of `x-kubernetes-list-type: map`: equal to another in any order, items matched by
    `keys`."""

    def __init__(self, items: list[Any], keys: tuple[str, ...]) -> None:
        super().__init__(items)
        self.keys = keys

    def key(self, item: Any) -> tuple[tuple[str, Any], ...]:
        """The item's values of the list's keys, each with its type: fit for a dict's key."""
        values = (item.get(name) for name in self.keys) if isinstance(item, dict) else ()
        return tuple((type_name(value), value) for value in values)


def type_name(value: Value) -> str:
    """The name of a value's CEL type."""
    named = getattr(value, "cel_type", None)
    if named is not None:
        return str(named)
    for python, name in _NAMES:
        if isinstance(value, python):
            return name
    raise CelUnsupported(f"a value of type {type(value).__name__}")


_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (bytes, "bytes"),
    (list, "list"),
    (dict, "map"),
    (type(None), "null_type"),
)


def is_number(value: Value) -> bool:
    """Whether a value is an int, a uint or a double."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Value, right: Value) -> bool:
    """CEL's `==`: numbers across types by value, everything else only within one type."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    for python, same in _NESTED:
        if isinstance(left, python) and isinstance(right, python):
            return same(left, right)
    return type_name(left) == type_name(right) and bool(left == right)


def _equal_lists(left: list[Any], right: list[Any]) -> bool:
    if len(left) != len(right):
        return False
    if isinstance(left, SetList):
        members = Members(right)
        return all(item in members for item in left)
    if isinstance(left, MapList):
        return _equal_map_lists(left, right)
    return all(map(equal, left, right))


def _equal_map_lists(left: MapList, right: list[Any]) -> bool:
    """Items are matched by key, so the time is linear in their number."""
    by_key: dict[tuple[tuple[str, Any], ...], list[Any]] = {}
    for item in right:
        by_key.setdefault(left.key(item), []).append(item)
    return all(_any_equal(item, by_key.get(left.key(item), ())) for item in left)


def _any_equal(wanted: Any, items: Iterable[Any]) -> bool:
    return any(equal(wanted, item) for item in items)


def _equal_maps(left: dict[Any, Any], right: dict[Any, Any]) -> bool:
    if left.keys() != right.keys():
        return False
    return all(equal(value, right[key]) for key, value in left.items())


def _equal_optionals(left: Optional, right: Optional) -> bool:
    return left.present == right.present and equal(left.value, right.value)


_NESTED: tuple[tuple[type, Callable[[Any, Any], bool]], ...] = (
    (list, _equal_lists),
    (dict, _equal_maps),
    (Optional, _equal_optionals),
)


class Members:
    """The items of a list, to ask whether an equal one is among them: scalars by a hash, others
    one by one."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._scalars: set[tuple[bool, Any]] = set()
        self._compound: list[Any] = []
        for item in items:
            self.add(item)

    def add(self, item: Any) -> None:
        """Make an item a member."""
        if isinstance(item, _SCALARS):
            self._scalars.add((isinstance(item, bool), item))
        else:
            self._compound.append(item)

    def __contains__(self, item: Any) -> bool:
        if isinstance(item, _SCALARS):
            # Python's True equals 1, CEL's does not
            return (isinstance(item, bool), item) in self._scalars
        return _any_equal(item, self._compound)


_SCALARS = (str, bytes, bool, int)
"""Types whose equality in CEL is Python's, bool apart. A double is none: NaN equals nothing."""


def compare(left: Value, right: Value) -> int:
    """-1, 0 or 1; raises CelError where the two types have no order."""
    both_numbers = is_number(left) and is_number(right)
    if not both_numbers and (
        type_name(left) != type_name(right) or type_name(left) not in _ORDERED
    ):
        raise CelError("no such overload")
    return int(left > right) - int(left < right)


_ORDERED = frozenset({"bool", "string", "bytes", Timestamp.cel_type, Duration.cel_type})


_FIRST = -62_135_596_800 * 10**9
"""The first instant of year 1, Go's zero time, in nanoseconds since 1970."""


def is_zero(value: Value) -> bool:
    """Whether `optional.ofNonZeroValue` takes a value for none."""
    if isinstance(value, Timestamp):
        return value.ns == _FIRST
    if isinstance(value, Duration):
        return value.ns == 0
    if isinstance(value, str | bytes | list | dict | int | float):
        return not value
    return value is None
