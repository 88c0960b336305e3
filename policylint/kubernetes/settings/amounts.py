"""How much a value says: numbers, times and sizes as programs take them, and what means on, off or
without end."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from policylint.runtime.patterns import pattern

_AMOUNT = pattern(r"[0-9]++(?:\.[0-9]++)?|(?:[0-9]++(?:\.[0-9]++)?\s?[A-Za-z]++)++")
_LONGEST = 40
_PART = pattern(r"([0-9]+(?:\.[0-9]+)?)\s?([A-Za-z]*)")
_ENDLESS = ("-1", "0", "0s", "0h", "0d", "inf", "infinite", "infinity", "unlimited", "forever")
_ON = ("true", "yes", "on", "1", "enabled", "enable", "t", "y")
_OFF = ("false", "no", "off", "0", "disabled", "disable", "f", "n", "none", "")
_SECONDS: Mapping[str, str | int] = {
    "ms": "1/1000",
    "s": 1, "sec": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400,
    "w": 604800, "week": 604800, "weeks": 604800,
    "mo": 2592000, "month": 2592000, "months": 2592000,
    "y": 31536000, "year": 31536000, "years": 31536000,
}  # fmt: skip
_BYTES: Mapping[str, str | int] = {
    "": 1,
    "b": 1,
    "k": 2**10,
    "m": 2**20,
    "g": 2**30,
    "t": 2**40,
    "p": 2**50,
}


def switched(value: str) -> bool | None:
    """Whether a value means on or off; None where it means neither."""
    word = value.strip().lower()
    if word in _ON:
        return True
    if word in _OFF:
        return False
    return None


def falls(before: str, after: str, by: float) -> bool:
    """Whether an amount is at most `by` of what it was; one without end is more than any other."""
    if before == after or after.lower() in _ENDLESS:
        return False
    if before.lower() in _ENDLESS:
        return _amount(after, _SECONDS) is not None or _amount(after, _BYTES) is not None
    amounts = _both(before, after)
    if amounts is None:
        return False
    was, becomes = amounts
    return becomes < was and becomes <= was * Fraction(str(by))


def rises(before: str, after: str, by: float) -> bool:
    """Whether an amount is at least `by` of what it was."""
    amounts = _both(before, after)
    return (
        amounts is not None
        and amounts[1] > amounts[0]
        and amounts[1] >= amounts[0] * Fraction(str(by))
    )


def same_amount(before: str, after: str) -> bool:
    """Whether two values are the same amount: 24h and 1d."""
    amounts = _both(before, after)
    return amounts is not None and amounts[0] == amounts[1]


def _both(before: str, after: str) -> tuple[Fraction, Fraction] | None:
    """Two amounts of one kind: times, sizes or plain numbers."""
    if before[-1:].isalpha() != after[-1:].isalpha():  # a unit that only one of them names
        return None
    for units in (_SECONDS, _BYTES):
        was, becomes = _amount(before, units), _amount(after, units)
        if was is not None and becomes is not None:
            return was, becomes
    return None


def _amount(value: str, units: Mapping[str, str | int]) -> Fraction | None:
    """The sum of an amount's parts, None where a unit is of another kind."""
    if len(value) > _LONGEST or not _AMOUNT.fullmatch(value.strip()):
        return None
    total = Fraction()
    for number, unit in _PART.findall(value):
        name = unit.lower()
        if units is _BYTES and len(name) > 1:
            name = name.removesuffix("b").removesuffix("i")
        factor = units.get(name, None if name else 1)
        if factor is None:
            return None
        total += Fraction(number) * Fraction(str(factor))
    return total
