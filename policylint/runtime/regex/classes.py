"""Classes of characters as sorted ranges, and what folding case adds to them."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from functools import cache

LAST = 0x10FFFF
Ranges = tuple[tuple[int, int], ...]
"""Sorted and apart: (first, last) of each."""

_DIGIT: Ranges = ((48, 57),)
_UPPER: Ranges = ((65, 90),)
_LOWER: Ranges = ((97, 122),)
_ALPHA = _UPPER + _LOWER
_SPACE: Ranges = ((9, 10), (12, 13), (32, 32))
_WORD: Ranges = (*_DIGIT, *_UPPER, (95, 95), *_LOWER)

PERL: Mapping[str, Ranges] = {"d": _DIGIT, "s": _SPACE, "w": _WORD}
POSIX: Mapping[str, Ranges] = {
    "alnum": _DIGIT + _ALPHA,
    "alpha": _ALPHA,
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGIT,
    "graph": ((33, 126),),
    "lower": _LOWER,
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": _UPPER,
    "word": _WORD,
    "xdigit": (*_DIGIT, (65, 70), (97, 102)),
}
"""Source: Go's regexp/syntax/perl_groups.go."""


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The ranges sorted, and those that touch made one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def negated(ranges: Ranges) -> Ranges:
    """All other characters."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for first, last in ranges:
        if start < first:
            gaps.append((start, first - 1))
        start = last + 1
    if start <= LAST:
        gaps.append((start, LAST))
    return tuple(gaps)


def folded(ranges: Ranges) -> Ranges:
    """The characters, and those that differ from them in case alone."""
    extra = [
        (twin, twin)
        for first, last in ranges
        for code in _cased()[bisect_left(_cased(), first) : bisect_right(_cased(), last)]
        for twin in _orbits()[code]
    ]
    return merged((*ranges, *extra))


@cache
def category(name: str) -> Ranges | None:
    """The characters of a general category of Unicode, such as L or Lu; None for what is none."""
    if name == "Any":
        return ((0, LAST),)
    if not name or name not in _CATEGORIES:
        return None
    codes = (code for code in range(LAST + 1) if unicodedata.category(chr(code)).startswith(name))
    return _runs(codes)


_CATEGORIES = frozenset(
    (
        *("C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn"),
        *("N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk"),
        *("Sm", "So", "Z", "Zl", "Zp", "Zs"),
    )
)


def _runs(codes: Iterable[int]) -> Ranges:
    runs: list[tuple[int, int]] = []
    for code in codes:
        if runs and code == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return tuple(runs)


@cache
def _cased() -> tuple[int, ...]:
    return tuple(sorted(_orbits()))


@cache
def _orbits() -> Mapping[int, tuple[int, ...]]:
    """By character: all that differ from it in case alone, where there are any."""
    by_key: dict[str, list[int]] = {}
    for code in range(0x1F000):
        character = chr(code)
        key = _key(character)
        if key != character:
            by_key.setdefault(key, [ord(key)]).append(code)
    return {code: tuple(codes) for codes in by_key.values() for code in codes}


def _key(character: str) -> str:
    """What all characters that differ in case alone have in common: simple case folding."""
    lower = character.lower()
    if len(lower) > 1:
        lower = character
    key = lower.casefold()
    return key if len(key) == 1 else lower
