"""sprig's functions on numbers (numeric.go of Masterminds/sprig v3.3)."""

from __future__ import annotations

import math
import re
from typing import Any

from policylint.runtime.digits import whole
from policylint.scan.gitops.gotemplates.functions import Function
from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.values import Int64, go_type

_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_BEGINS_WITH_DIGITS = re.compile(r"[+-]?\.?[0-9]")
_BITS = 64


def _number(value: Any) -> int:
    """cast.ToInt: what is no number is 0; a text is read as Go writes numbers."""
    if isinstance(value, bool | int | float):
        if isinstance(value, float) and not math.isfinite(value):
            raise TemplateError("a number that is none")
        return int(value)
    if isinstance(value, str):
        return _of_text(value)
    return 0


def _of_text(text: str) -> int:
    if text and whole(text) is None:
        if _BEGINS_WITH_DIGITS.match(text):
            raise TemplateError(f"the number {text} is not evaluated here")
        return 0
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits.startswith("0"):
        raise TemplateError(f"the number {text} is not evaluated here")
    return whole(text) or 0


def _wrapped(number: int) -> Int64:
    if not -(2 ** (_BITS - 1)) <= number < 2 ** (_BITS - 1):
        raise TemplateError("a number that is too large")
    return Int64(number)


def _sum(*values: Any) -> Int64:
    return _wrapped(sum(map(_number, values)))


def _product(*values: Any) -> Int64:
    return _wrapped(math.prod(map(_number, values)))


def _quotient(left: Any, right: Any) -> Int64:
    """Towards zero, as Go divides."""
    dividend, divisor = _number(left), _number(right)
    quotient = abs(dividend) // abs(divisor)
    return _wrapped(quotient if (dividend < 0) == (divisor < 0) else -quotient)


def _remainder(left: Any, right: Any) -> Int64:
    return _wrapped(_number(left) - _quotient(left, right) * _number(right))


def _float(value: Any) -> float:
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    raise TemplateError(f"a number of {go_type(value)} is not evaluated here")


def _until(count: int) -> list[int]:
    return _steps(0, count, -1 if count < 0 else 1)


def _steps(start: int, stop: int, step: int) -> list[int]:
    if step == 0 or (stop < start) == (step > 0):
        return []
    return list(range(start, stop, step))


def _of_digits(text: str) -> int:
    """atoi: what is no number is 0."""
    return whole(text) or 0


NUMBERS = {
    "int": Function("a", _number),
    "int64": Function("a", lambda value: Int64(_number(value))),
    "float64": Function("a", _float),
    "atoi": Function("s", _of_digits),
    "add": Function("*a", _sum),
    "add1": Function("a", lambda value: _sum(value, 1)),
    "sub": Function("aa", lambda left, right: _wrapped(_number(left) - _number(right))),
    "mul": Function("a*a", _product),
    "div": Function("aa", _quotient),
    "mod": Function("aa", _remainder),
    "max": Function("a*a", lambda *values: Int64(max(map(_number, values)))),
    "min": Function("a*a", lambda *values: Int64(min(map(_number, values)))),
    "floor": Function("a", lambda value: float(math.floor(_float(value)))),
    "ceil": Function("a", lambda value: float(math.ceil(_float(value)))),
    "until": Function("i", _until),
    "untilStep": Function("iii", _steps),
}
