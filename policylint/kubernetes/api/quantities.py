"""Quantities as the API server prints them: 0.5 is 500m, 1024Mi is 1Gi (Quantity.String of
apimachinery)."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from policylint.kubernetes.api.quantity import parse_quantity
from policylint.model import Json

_DECIMAL = {18: "E", 15: "P", 12: "T", 9: "G", 6: "M", 3: "k", 0: "", -3: "m", -6: "u", -9: "n"}
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def canonical(value: Json) -> str:
    """The server's form of a quantity, in the family of units it was written in; as it is where it
    is none."""
    amount = parse_quantity(value)
    if amount is None:
        return str(value)
    if str(value).endswith("i") and abs(amount) >= 1024:
        return _binary(math.ceil(amount))
    if re.search(r"[0-9][eE][+-]?[0-9]+$", str(value)):
        mantissa, exponent = _scaled(amount)
        return f"{mantissa}e{exponent}" if exponent else str(mantissa)
    return canonical_amount(amount)


def canonical_amount(amount: Fraction) -> str:
    """An amount that was added up, in decimal units."""
    mantissa, exponent = _scaled(amount)
    return f"{mantissa}{_DECIMAL[exponent]}"


def _binary(amount: int) -> str:
    power = 0
    while amount % 1024 == 0 and power + 1 < len(_BINARY):
        amount, power = amount // 1024, power + 1
    return f"{amount}{_BINARY[power]}"


def _scaled(amount: Fraction) -> tuple[int, int]:
    """The whole number and the largest power of ten, by threes, that make the amount; fractions
    below nano round up."""
    for exponent in _DECIMAL:
        scaled = amount / Fraction(10) ** exponent
        if scaled.denominator == 1 and (scaled or exponent == 0):
            return int(scaled), exponent
    return math.ceil(amount * 10**9), -9
