"""What Go's fmt makes of values: Sprint, Sprintln and Sprintf."""

from __future__ import annotations

import re
from typing import Any

from policylint.runtime.gotexts import quoted
from policylint.runtime.patterns import pattern
from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.values import go_type, shown

_VERB = pattern(r"%(?P<flags>[-+# 0]*+)(?P<width>[0-9]*+)(?:\.(?P<precision>[0-9]*+))?(?P<verb>.)?")
_WIDEST = 10_000


def printed(*values: Any) -> str:
    """Sprint: a space between two operands of which none is a string."""
    parts: list[str] = []
    for number, value in enumerate(values):
        before = values[number - 1] if number else ""
        if not isinstance(value, str) and not isinstance(before, str):
            parts.append(" ")
        parts.append(shown(value))
    return "".join(parts)


def printed_line(*values: Any) -> str:
    """Sprintln."""
    return " ".join(map(shown, values)) + "\n"


def formatted(text: str, *values: Any) -> str:
    """Sprintf, without indexed arguments and `*`. Raises TemplateError for those."""
    left = list(values)

    def replaced(match: re.Match[str]) -> str:
        verb = match["verb"] or ""
        if verb == "%":
            return "%"
        if not verb:
            return "%!(NOVERB)"
        if verb in "[*":
            raise TemplateError(f"printf with %{verb} is not evaluated here")
        if not left:
            return f"%!{verb}(MISSING)"
        return _formatted(match, left.pop(0))

    result = _VERB.sub(replaced, text)
    if left:
        extra = ", ".join(_typed(value) for value in left)
        return f"{result}%!(EXTRA {extra})"
    return result


def _typed(value: Any) -> str:
    if value is None:
        return "<nil>"
    if isinstance(value, list | dict):
        raise TemplateError("the type of a list or a map is not known here")
    return f"{go_type(value)}={shown(value)}"


def _formatted(match: re.Match[str], value: Any) -> str:
    verb, flags = match["verb"], match["flags"]
    width, precision = int(match["width"] or 0), match["precision"]
    _check_size(width, precision, flags)
    is_plain = not isinstance(value, list | dict) or verb == "v"
    text = _by_verb(verb, flags, precision, value) if is_plain else None
    if text is not None:
        return _padded(text, flags, width, value)
    if not is_plain or width or precision is not None:
        raise TemplateError(f"printf of {go_type(value)} with %{verb} is not evaluated here")
    return f"%!{verb}({_typed(value)})"


def _check_size(width: int, precision: str | None, flags: str) -> None:
    if width > _WIDEST or int(precision or 0) > _WIDEST:
        raise TemplateError("printf wider than is evaluated here")
    if "#" in flags:
        raise TemplateError("printf with the flag # is not evaluated here")


def _by_verb(verb: str, flags: str, precision: str | None, value: Any) -> str | None:
    """The text without its padding; None for a verb that is wrong for the value."""
    if verb == "v":
        return _plain(flags, precision, value)
    if isinstance(value, str):
        return _of_string(verb, flags, precision, value)
    if isinstance(value, bool):
        return shown(value) if verb == "t" else None
    if isinstance(value, int):
        return _of_int(verb, flags, precision, value)
    if isinstance(value, float):
        return _of_float(verb, flags, precision, value)
    return None


def _plain(flags: str, precision: str | None, value: Any) -> str:
    if isinstance(value, str):
        return value if precision is None else value[: int(precision or 0)]
    if isinstance(value, int) and not isinstance(value, bool):
        return _of_int("d", flags, precision, value) or ""
    if precision is not None or "+" in flags:
        raise TemplateError("printf of %v with a precision is not evaluated here")
    return shown(value)


def _of_string(verb: str, flags: str, precision: str | None, value: str) -> str | None:
    if precision is not None:
        value = value[: int(precision or 0)]
    if verb == "s":
        return value
    if verb == "q" and "+" not in flags:
        return quoted(value)
    if verb in "xX" and " " not in flags:
        code = value.encode().hex()
        return code.upper() if verb == "X" else code
    if verb in "qxX":
        raise TemplateError(f"printf with %{flags}{verb} is not evaluated here")
    return None


_BASES = {"d": "d", "x": "x", "X": "X", "o": "o", "b": "b"}


def _of_int(verb: str, flags: str, precision: str | None, value: int) -> str | None:
    if verb in "cqUO" or precision is not None:
        raise TemplateError(f"printf of a number with %{verb} is not evaluated here")
    if verb not in _BASES:
        return None
    return _sign(flags, value < 0) + format(abs(value), _BASES[verb])


def _of_float(verb: str, flags: str, precision: str | None, value: float) -> str | None:
    if verb in "gG" and precision is None:
        return shown(value)
    if verb in "fFeE" and value - value == 0:
        digits = 6 if precision is None else int(precision or 0)
        return _sign(flags, value < 0) + format(abs(value), f".{digits}{verb}")
    if verb in "fFeEgGbxX":
        raise TemplateError(f"printf of a number with %{verb} is not evaluated here")
    return None


def _sign(flags: str, is_negative: bool) -> str:
    if is_negative:
        return "-"
    if "+" in flags:
        return "+"
    return " " if " " in flags else ""


def _padded(text: str, flags: str, width: int, value: Any) -> str:
    if "-" in flags:
        return text.ljust(width)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if "0" in flags and is_number:
        return text.zfill(width)
    if "0" in flags and width > len(text):
        raise TemplateError("printf that pads no number with zeros is not evaluated here")
    return text.rjust(width)
