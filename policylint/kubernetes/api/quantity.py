"""Kubernetes quantities ("500m", "1Gi", "1e3") as exact numbers, and as the API server prints them.

Grammar and printing (0.5 is 500m, 1024Mi is 1Gi) are those of
k8s.io/apimachinery/pkg/api/resource.Quantity.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache

from policylint.model import Json
from policylint.runtime.patterns import pattern

_QUANTITY = pattern(
    # blanks around it are trimmed; whatever JSON escapes is none, for the text is read as it stands
    r" *([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)? *\Z"
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIXES = {exponent: suffix for suffix, exponent in reversed(_DECIMAL.items())}
_BINARY_SUFFIXES = ("", *_BINARY)


def parse_quantity(value: Json) -> Fraction | None:
    """The exact number of a quantity; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return _parsed(str(value))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Fraction | None:
    """The same few amounts stand in every container of a release."""
    match = _QUANTITY.match(text)
    if match is None:
        return None
    number: Fraction = Fraction(match.group(1))
    suffix = match.group(2) or ""
    if suffix in _BINARY:
        return number * (1 << _BINARY[suffix])
    if suffix in _DECIMAL:
        exponent = _DECIMAL[suffix]
    else:
        exponent = max(-400, min(400, int(suffix[1:])))
    if exponent >= 0:
        return number * Fraction(10**exponent)
    return number / Fraction(10**-exponent)


def same_quantity(before: Json, after: Json) -> bool:
    """Whether two quantities are the same amount; values that are no quantities are compared as
    they are."""
    if before == after:
        return isinstance(before, bool) == isinstance(after, bool)
    amounts = parse_quantity(before), parse_quantity(after)
    return None not in amounts and amounts[0] == amounts[1]


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
        if exponent:
            return f"{mantissa}e{exponent}"
        return str(mantissa)
    return canonical_amount(amount)


def canonical_amount(amount: Fraction) -> str:
    """An amount that was added up, in decimal units."""
    mantissa, exponent = _scaled(amount)
    return f"{mantissa}{_DECIMAL_SUFFIXES[exponent]}"


def _binary(amount: int) -> str:
    power = 0
    while amount % 1024 == 0 and power + 1 < len(_BINARY_SUFFIXES):
        amount, power = amount // 1024, power + 1
    return f"{amount}{_BINARY_SUFFIXES[power]}"


def _scaled(amount: Fraction) -> tuple[int, int]:
    """The whole number and the largest power of ten, by threes, that make the amount; fractions
    below nano round up."""
    for exponent in _DECIMAL_SUFFIXES:
        scaled = amount / Fraction(10) ** exponent
        if scaled.denominator == 1 and (scaled or exponent == 0):
            return int(scaled), exponent
    return math.ceil(amount * 10**9), -9
