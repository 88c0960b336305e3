"""CEL's operators, conversions and optionals, over the values of `policylint.cel.values`.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from policylint.cel import network, times
from policylint.cel.values import (
    NONE,
    CelError,
    Duration,
    MapList,
    Members,
    Optional,
    SetList,
    Timestamp,
    TypeValue,
    Uint,
    compare,
    equal,
    is_number,
    is_zero,
    type_name,
)
from policylint.runtime.gofloats import float_text
from policylint.runtime.patterns import pattern

_INT = (-(1 << 63), (1 << 63) - 1)
_UINT = (0, (1 << 64) - 1)
_DECIMAL = pattern(r"[+-]?\d+", re.ASCII)
_FLOAT = pattern(
    r"[+-]?(\d++(?:\.\d*+)?|\.\d++)([eE][+-]?\d+)?|[+-]?inf(inity)?|nan", re.ASCII | re.IGNORECASE
)
_HEX_FLOAT = pattern(
    r"[+-]?0[xX](?:[0-9a-fA-F]++(?:\.[0-9a-fA-F]*+)?|\.[0-9a-fA-F]++)[pP][+-]?\d{1,4}"
)
"""What Go's ParseFloat takes beside decimal numbers."""
_UNDERSCORE = pattern(r"(?<=\d)_(?=\d)", re.ASCII)
_BOOLS = {"1": True, "t": True, "T": True, "TRUE": True, "true": True, "True": True}
_BOOLS |= {"0": False, "f": False, "F": False, "FALSE": False, "false": False, "False": False}


def _fit(value: int, like: Any) -> int:
    low, high = _UINT if isinstance(like, Uint) else _INT
    if not low <= value <= high:
        raise CelError(
            "unsigned integer overflow" if isinstance(like, Uint) else "integer overflow"
        )
    if isinstance(like, Uint):
        return Uint(value)
    return value


def _same_numbers(left: Any, right: Any) -> bool:
    return is_number(left) and is_number(right) and type_name(left) == type_name(right)


def _add(left: Any, right: Any) -> Any:
    if _same_numbers(left, right):
        if isinstance(left, float):
            return left + right
        return _fit(left + right, left)
    if isinstance(left, list) and isinstance(right, list):
        return _join_lists(left, right)
    if type(left) is type(right) and isinstance(left, str | bytes):
        return left + right
    if {type(left), type(right)} == {Duration}:
        return Duration(_fit(left.ns + right.ns, 0))
    if {type(left), type(right)} == {Timestamp, Duration}:
        return times.in_range(left.ns + right.ns)
    raise CelError("no such overload")


def _join_lists(left: list[Any], right: list[Any]) -> list[Any]:
    """Lists of type set and map are merged: what is there keeps its place, equal keys take the
    right's item."""
    if isinstance(left, SetList):
        members = Members(left)
        added = [item for item in right if item not in members]
        return SetList([*left, *added])
    if isinstance(left, MapList):
        merged = {left.key(item): item for item in left} | {left.key(item): item for item in right}
        return MapList(list(merged.values()), left.keys)
    return [*left, *right]


def _subtract(left: Any, right: Any) -> Any:
    if _same_numbers(left, right):
        if isinstance(left, float):
            return left - right
        return _fit(left - right, left)
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return Duration(left.ns - right.ns)
    if isinstance(left, Timestamp) and isinstance(right, Duration):
        return times.in_range(left.ns - right.ns)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return Duration(_fit(left.ns - right.ns, 0))
    raise CelError("no such overload")


def _multiply(left: Any, right: Any) -> Any:
    if not _same_numbers(left, right):
        raise CelError("no such overload")
    if isinstance(left, float):
        return left * right
    return _fit(left * right, left)


def _divide(left: Any, right: Any) -> Any:
    if not _same_numbers(left, right):
        raise CelError("no such overload")
    if isinstance(left, float):
        if right == 0:
            if left == 0 or math.isnan(left):
                return math.nan
            return math.copysign(math.inf, left) * math.copysign(1, right)
        return left / right
    if right == 0:
        raise CelError("division by zero")
    return _fit(abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1), left)


def _modulo(left: Any, right: Any) -> Any:
    if not _same_numbers(left, right) or isinstance(left, float):
        raise CelError("no such overload")
    if right == 0:
        raise CelError("modulus by zero")
    return _fit(abs(left) % abs(right) * (-1 if left < 0 else 1), left)


def _negate(value: Any) -> Any:
    if isinstance(value, Uint) or not is_number(value):
        raise CelError("no such overload")
    if isinstance(value, float):
        return -value
    return _fit(-value, value)


def _not(value: Any) -> bool:
    if not isinstance(value, bool):
        raise CelError("no such overload")
    return not value


def index(container: Any, key: Any) -> Any:
    """`container[key]`; on an optional it gives an optional."""
    if isinstance(container, Optional):
        return optional_index(container, key)
    if isinstance(container, list):
        return _item(container, key)
    if isinstance(container, dict):
        if not isinstance(key, str | int | float) or key not in container:
            raise CelError(f"no such key: {key}")
        return container[key]
    raise CelError(f"no such key: {key}" if isinstance(key, str) else "no such overload")


def _item(container: list[Any], key: Any) -> Any:
    if is_number(key) and float(key).is_integer():
        at = int(key)
    else:
        at = None
    if at is None:
        raise CelError("unsupported index type")
    if not 0 <= at < len(container):
        raise CelError(f"index out of bounds: {at}")
    return container[at]


def optional_index(container: Any, key: Any) -> Optional:
    """`container[?key]` and `container.?key`: the value if it is there."""
    if isinstance(container, Optional):
        if container.present:
            return optional_index(container.value, key)
        return NONE
    if isinstance(container, dict):
        if key in container:
            return Optional(container[key], True)
        return NONE
    if isinstance(container, list) and is_number(key):
        if 0 <= key < len(container):
            return Optional(container[int(key)], True)
        return NONE
    return NONE


def _contains(item: Any, container: Any) -> bool:
    if isinstance(container, list):
        return any(equal(item, element) for element in container)
    if isinstance(container, dict):
        return any(equal(item, key) for key in container)
    raise CelError("no such overload")


def _size(value: Any) -> int:
    if not isinstance(value, str | bytes | list | dict):
        raise CelError("no such overload: size")
    return len(value)


def _to_int(value: Any, kind: type[int] = int) -> int:
    like: int = kind(0)
    if isinstance(value, Timestamp):
        return value.ns // times.SECOND
    if isinstance(value, Duration):
        return value.ns
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            raise CelError(f"type conversion error from 'string' to '{type_name(like)}'")
        return _fit(int(value), like)
    if not is_number(value):
        raise CelError("no such overload")
    if isinstance(value, float) and not (math.isfinite(value) and -(2.0**63) < value < 2.0**64):
        raise CelError("integer overflow")
    return _fit(int(value), like)


def _to_double(value: Any) -> float:
    if isinstance(value, str):
        plain = _UNDERSCORE.sub("", value)
        if _HEX_FLOAT.fullmatch(plain):
            return float.fromhex(plain)
        if not _FLOAT.fullmatch(plain):
            raise CelError("type conversion error from 'string' to 'double'")
        return float(plain)
    if not is_number(value):
        raise CelError("no such overload")
    return float(value)


def _to_string(value: Any) -> str:
    match value:
        case bool():
            if value:
                return "true"
            return "false"
        case str():
            return value
        case float():
            return float_text(value)
        case int():
            return str(int(value))
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError as error:
                raise CelError("invalid UTF-8 in bytes, cannot convert to string") from error
        case Timestamp() | Duration():
            return times.written(value)
        case network.IP() | network.CIDR():
            return network.written(value)
    raise CelError("no such overload")


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value not in _BOOLS:
        raise CelError(f"type conversion error from '{type_name(value)}' to 'bool'")
    return _BOOLS[value]


def _to_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise CelError("no such overload")


def _optional(value: Any) -> Optional:
    if not isinstance(value, Optional):
        raise CelError("no such overload")
    return value


def _value(value: Any) -> Any:
    if not _optional(value).present:
        raise CelError("optional.none() dereference")
    return value.value


def _or(value: Any, fallback: Any) -> Any:
    """What is no optional is taken as it is (cel-go interpreter evalOptionalOr)."""
    if not isinstance(value, Optional):
        return value
    if value.present:
        return value
    return _optional(fallback)


def _or_value(value: Any, fallback: Any) -> Any:
    if not isinstance(value, Optional):
        return value
    if value.present:
        return value.value
    return fallback


def _ordered(accept: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    def call(left: Any, right: Any) -> bool:
        if is_number(left) and is_number(right) and (math.isnan(left) or math.isnan(right)):
            return False
        return accept(compare(left, right))

    return call


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "_+_": _add,
    "_-_": _subtract,
    "_*_": _multiply,
    "_/_": _divide,
    "_%_": _modulo,
    "-_": _negate,
    "!_": _not,
    "_==_": equal,
    "_!=_": lambda left, right: not equal(left, right),
    "_<_": _ordered(lambda order: order < 0),
    "_<=_": _ordered(lambda order: order <= 0),
    "_>_": _ordered(lambda order: order > 0),
    "_>=_": _ordered(lambda order: order >= 0),
    "_[_]": index,
    "_[?_]": optional_index,
    "_?._": optional_index,
    "@in": _contains,
    "size": _size,
    "type": lambda value: TypeValue(type_name(value)),
    "dyn": lambda value: value,
    "int": _to_int,
    "uint": lambda value: _to_int(value, Uint),
    "double": _to_double,
    "string": _to_string,
    "bool": _to_bool,
    "bytes": _to_bytes,
    "optional.of": lambda value: Optional(value, True),
    "optional.none": lambda: NONE,
    "optional.ofNonZeroValue": lambda value: NONE if is_zero(value) else Optional(value, True),
    "optional.unwrap": lambda items: [item.value for item in items if _optional(item).present],
    "unwrapOpt": lambda items: [item.value for item in items if _optional(item).present],
    "hasValue": lambda value: _optional(value).present,
    "value": _value,
    "or": _or,
    "orValue": _or_value,
}
"""Operators by the names the parser gives them, conversions, optionals."""
