"""Kubernetes' quantities in CEL: `quantity("1Gi")` and what can be asked of one.

Source: the library documented at
https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-quantity-library and the grammar of
`resource.Quantity`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_UP, Decimal, localcontext
from typing import Any, ClassVar

from msgspec import Struct

from policylint.cel.values import CelError, compare
from policylint.runtime.patterns import pattern

_NUMBER = pattern(
    r"(?P<sign>[+-]?)(?P<digits>\d*+(?:\.\d*+)?)(?P<suffix>[KMGTPE]i|[numkMGTPE]?|[eE][+-]?\d+)",
    re.ASCII,
)
_BINARY = {f"{letter}i": 1024**power for power, letter in enumerate("KMGTPE", 1)}
_DECIMAL = {letter: 10 ** (3 * power) for power, letter in enumerate("kMGTPE", 1)}
_SMALL = {"n": 9, "u": 6, "m": 3, "": 0}
_INT64 = 1 << 63
_MOST_EXPONENT = 1000
_FORMAT_ERROR = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


class Quantity(Struct, frozen=True, order=True):
    """An amount; equal to another of the same amount, however it was written."""

    cel_type: ClassVar[str] = "kubernetes.Quantity"
    amount: Decimal


def parse(text: Any) -> Quantity:
    """The quantity a string spells, rounded up to nano, a binary one capped at an int64; raises
    CelError."""
    if isinstance(text, str):
        match = _NUMBER.fullmatch(text)
    else:
        match = None
    if match is None or not text:
        raise CelError(_FORMAT_ERROR)
    with localcontext() as context:
        context.prec = 200
        digits = match["digits"]
        amount = Decimal(digits if digits.strip(".") else 0) * _factor(
            match["suffix"]
        )  # the server reads "Mi" as 0
        if amount.adjusted() < 100:
            amount = amount.quantize(Decimal("1E-9"), rounding=ROUND_UP)
        if match["suffix"] in _BINARY:
            amount = min(amount, Decimal(_INT64 - 1))
        return Quantity(-amount if match["sign"] == "-" else amount)


def _factor(suffix: str) -> Decimal:
    if suffix in _BINARY:
        return Decimal(_BINARY[suffix])
    if suffix in _DECIMAL:
        return Decimal(_DECIMAL[suffix])
    if suffix in _SMALL:
        return Decimal(1).scaleb(-_SMALL[suffix])
    digits = suffix[1:].lstrip("+-0")
    if len(digits) > 4 or int(digits or 0) > _MOST_EXPONENT:
        raise CelError(_FORMAT_ERROR)
    return Decimal(1).scaleb(int(suffix[1:]))


def is_quantity(text: Any) -> bool:
    """Whether a string spells a quantity."""
    try:
        parse(text)
    except CelError:
        return False
    return True


def _amount(value: Any) -> Decimal:
    if not isinstance(value, Quantity):
        raise CelError("no such overload")
    return value.amount


def _operand(value: Any) -> Decimal:
    if type(value) is int:
        return Decimal(value)
    return _amount(value)


def _add(left: Any, right: Any) -> Quantity:
    with localcontext() as context:
        context.prec = 200
        return Quantity(_amount(left) + _operand(right))


def _sub(left: Any, right: Any) -> Quantity:
    with localcontext() as context:
        context.prec = 200
        return Quantity(_amount(left) - _operand(right))


def _is_integer(value: Any) -> bool:
    amount = _amount(value)
    return amount == amount.to_integral_value() and -_INT64 <= amount < _INT64


def _as_integer(value: Any) -> int:
    if not _is_integer(value):
        raise CelError("cannot convert value to integer")
    return int(_amount(value))


def _sign(value: Any) -> int:
    return compare(0, int(_amount(value).compare(Decimal(0)))) * -1


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "quantity": parse,
    "isQuantity": is_quantity,
    "sign": _sign,
    "isInteger": _is_integer,
    "asInteger": _as_integer,
    "asApproximateFloat": lambda value: float(_amount(value)),
    "add": _add,
    "sub": _sub,
}
"""Kubernetes' quantity library, comparisons apart (see `functions`)."""
