"""Intervals of a Job's indexes, such as `0-2,5` (validateIndexesFormat of pkg/apis/batch)."""

from __future__ import annotations

from policylint.runtime.patterns import pattern

_WHOLE = pattern(r"[+-]?[0-9]+")


def count_indexes(text: str, completions: float | None) -> int:
    """How many indexes the intervals hold; raises ValueError, in the server's words, for intervals
    that cannot be read or do not rise. Without `completions` no index is too large."""
    total, last = 0, -1
    for interval in text.split(",") if text else ():
        first, end = _interval(interval, completions)
        if total and last >= first:
            raise ValueError(f"non-increasing order, previous: {last}, current: {first}")
        total, last = total + end - first + 1, end
    return total


def _interval(text: str, completions: float | None) -> tuple[int, int]:
    limits = text.split("-")
    if len(limits) > 2:
        raise ValueError(
            f'the fragment "{text}" violates the requirement that an index interval can have at '
            "most two parts separated by '-'"
        )
    numbers = [_index(limit, completions) for limit in limits]
    if len(numbers) > 1 and numbers[0] >= numbers[1]:
        raise ValueError(f"non-increasing order, previous: {numbers[0]}, current: {numbers[1]}")
    return numbers[0], numbers[-1]


def _index(text: str, completions: float | None) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f'cannot convert string to integer for index: "{text}"')
    if completions is not None and int(text) >= completions:
        raise ValueError(f'too large index: "{text}"')
    return int(text)
