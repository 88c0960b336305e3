"""Floating-point numbers as Go prints them (strconv.FormatFloat and encoding/json)."""

from __future__ import annotations

import math
from decimal import Decimal


def float_text(value: float) -> str:
    """A double as Go's shortest %g (and %v) writes it: 1.5, 1e+06, +Inf."""
    if not math.isfinite(value):
        return _not_finite(value)
    if not value:
        if math.copysign(1, value) < 0:
            return "-0"
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text, power = "".join(map(str, digits)), len(digits) - 1 + int(exponent)
    if -4 <= power < 6:
        return f"{Decimal(repr(value)).normalize():f}"
    mantissa = text[0] + (f".{text[1:]}" if len(text) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{power:+03d}"


def json_float_text(value: float) -> str:
    """A double as encoding/json writes it: with an exponent only outside of 1e-6 to 1e21, which
    then has no leading zero."""
    if value == 0 or not math.isfinite(value):
        return float_text(value)
    if 1e-6 <= abs(value) < 1e21:
        return f"{Decimal(repr(value)).normalize():f}"
    return float_text(value).replace("e-0", "e-")


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if value > 0:
        return "+Inf"
    return "-Inf"
