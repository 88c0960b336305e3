"""Kubernetes quantities ("500m", "1Gi", "1e3") as exact numbers.

The grammar is that of k8s.io/apimachinery/pkg/api/resource.Quantity.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from policylint.model import Json
from policylint.runtime.patterns import pattern

_QUANTITY = pattern(
    r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$"
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


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
    exponent = _DECIMAL[suffix] if suffix in _DECIMAL else max(-400, min(400, int(suffix[1:])))
    return number * Fraction(10**exponent) if exponent >= 0 else number / Fraction(10**-exponent)


def same_quantity(before: Json, after: Json) -> bool:
    """Whether two quantities are the same amount; values that are no quantities are compared as
    they are."""
    if before == after:
        return isinstance(before, bool) == isinstance(after, bool)
    amounts = parse_quantity(before), parse_quantity(after)
    return None not in amounts and amounts[0] == amounts[1]
