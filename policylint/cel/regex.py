"""Regular expressions as RE2 (Go's regexp) reads them, run by Python's `re` after translation.

RE2's syntax: https://github.com/google/re2/wiki/Syntax. What differs from `re` is rewritten (`\\z`,
`$`, POSIX classes) or refused as unsupported (`\\pL`); what RE2 lacks (look-around,
back-references) is an error there and here.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from policylint.cel.values import CelError, CelUnsupported
from policylint.runtime.patterns import pattern

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\\x00-\\x7F",
    "blank": "\\t ",
    "cntrl": "\\x00-\\x1F\\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_QUOTED = pattern(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_HEX = pattern(r"\\x\{([0-9A-Fa-f]+)\}")
_CLASS_NAME = pattern(r"\[:(\^?)(\w+):\]")
_GROUP = pattern(r"\(\?(?:P?<(?P<name>\w+)>|(?P<flags>[imsU]*)(?P<off>-[imsU]+)?(?P<end>[:)]))")
_SPACE = " \\t\\n\\f\\r"
_OUTSIDE = {"z": r"\Z", "A": r"\A", "s": f"[{_SPACE}]", "S": f"[^{_SPACE}]", "a": r"\x07"}
_INSIDE = {"s": _SPACE, "a": r"\x07"}
_KNOWN_ESCAPES = frozenset("dDwWbBtnrfvxzAsSa0")
_MAX_REPEAT = 1000


@lru_cache(maxsize=2048)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, compiled; raises CelError where RE2 refuses it, CelUnsupported where it cannot
    be translated."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(_translated(pattern), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise CelError(f"error parsing regexp: {error}: `{pattern}`") from error


def search(pattern: str, text: str) -> bool:
    """Whether the pattern matches anywhere in the text."""
    return compiled(pattern).search(text) is not None


def _translated(pattern: str) -> str:
    out: list[str] = []
    at, multiline = 0, False
    while at < len(pattern):
        if pattern.startswith("(?", at):
            text, end, flags = _group(pattern, at)
            multiline = multiline or "m" in flags
        elif pattern[at] == "[":
            text, end = _char_class(pattern, at)
        elif pattern[at] == "\\":
            text, end = _escape(pattern, at, _OUTSIDE)
        else:
            text, end = pattern[at], at + 1
            if text == "$" and not multiline:
                text = r"\Z"
            if text == "+" and out and out[-1] in ("*", "+", "?", "}"):
                raise CelError(
                    f"error parsing regexp: invalid nested repetition operator: `{out[-1]}+`"
                )
        out.append(text)
        at = end
    _check_repeats(pattern)
    return "".join(out)


def _char_class(pattern: str, at: int) -> tuple[str, int]:
    start = at + 2 if pattern.startswith("[^", at) else at + 1
    out, at = [pattern[at:start]], start
    while at < len(pattern) and (pattern[at] != "]" or at == start):
        named = _CLASS_NAME.match(pattern, at)
        if named:
            if named[1] or named[2] not in _POSIX:
                raise CelUnsupported(f"{named[0]} in a regular expression")
            text, end = _POSIX[named[2]], named.end()
        elif pattern[at] == "\\":
            if pattern[at + 1 : at + 2] == "S":
                raise CelUnsupported(r"[\S] in a regular expression")
            text, end = _escape(pattern, at, _INSIDE)
        else:
            text, end = (f"\\{pattern[at]}" if pattern[at] in "[]&~|" else pattern[at]), at + 1
        out.append(text)
        at = end
    return "".join(out) + pattern[at : at + 1], at + 1


def _escape(pattern: str, at: int, table: dict[str, str]) -> tuple[str, int]:
    """The translation of an escape sequence, and where it ends."""
    quoted, code = _QUOTED.match(pattern, at), _HEX.match(pattern, at)
    if quoted:
        return re.escape(quoted[1]), quoted.end()
    if code:
        return re.escape(chr(int(code[1], 16))), code.end()
    letter = pattern[at + 1 : at + 2]
    if letter in ("p", "P", "C"):
        raise CelUnsupported(f"\\{letter} in a regular expression")
    if not letter or (letter.isalnum() and letter not in _KNOWN_ESCAPES):
        raise CelError(f"error parsing regexp: invalid escape sequence: `\\{letter}`")
    return table.get(letter, f"\\{letter}" if letter.isalnum() else re.escape(letter)), at + 2


def _group(pattern: str, at: int) -> tuple[str, int, str]:
    """The translation of what a "(?" opens, where it ends, and the flags it switches on."""
    match = _GROUP.match(pattern, at)
    if match is None:
        raise CelError(
            f"error parsing regexp: invalid or unsupported Perl syntax: `{pattern[at : at + 3]}`"
        )
    if match["name"]:
        return f"(?P<{match['name']}>", match.end(), ""
    flags, off = match["flags"], match["off"] or ""
    inline = match["end"] == ")"
    if "U" in flags + off or (inline and (at != 0 or off)):
        raise CelUnsupported(f"{match[0]} in a regular expression")
    return match[0], match.end(), flags


def _check_repeats(pattern: str) -> None:
    for low, high in re.findall(r"(?<!\\)\{(\d+)(?:,(\d*))?\}", pattern):
        if int(low) > _MAX_REPEAT or (high and int(high) > _MAX_REPEAT):
            raise CelError(f"error parsing regexp: invalid repeat count: `{{{low}}}`")


def _matches(text: str, pattern: str) -> bool:
    return search(_string(pattern), _string(text))


def _find(text: str, pattern: str) -> str:
    match = compiled(_string(pattern)).search(_string(text))
    return match[0] if match else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match[0] for match in compiled(_string(pattern)).finditer(_string(text))]
    return found if limit < 0 else found[:limit]


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise CelError("no such overload")
    return value


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "matches": _matches,
    "find": _find,
    "findAll": _find_all,
}
"""Kubernetes' regex library, and CEL's own `matches`."""
