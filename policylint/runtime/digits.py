"""Whole numbers of texts from outside.

`int()` raises for more than 4,300 digits, and for what `str.isdigit` and `\\d` take for one: the
superscripts and the digits of every script.
"""

from __future__ import annotations

import re

from policylint.runtime.patterns import pattern

BEYOND = 10**18
"""What every number of more digits counts as: nothing that is counted here comes near."""
_WHOLE = pattern(r"(?P<sign>[+-]?)0*(?P<digits>[0-9]*)", re.ASCII)


def whole(text: str) -> int | None:
    """The number that ASCII digits say, with or without a sign; None for any other text."""
    match = _WHOLE.fullmatch(text)
    if match is None or text in ("", "+", "-"):
        return None
    number = int(match["digits"] or 0) if len(match["digits"]) <= 18 else BEYOND
    return -number if match["sign"] == "-" else number


def whole_or(text: str, otherwise: int) -> int:
    """The same, with what a text that says no number counts as."""
    number = whole(text)
    return otherwise if number is None else number
