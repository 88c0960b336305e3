"""The smallest part of a whole that still shows something, found by trying parts of it: what delta
debugging (Zeller, `ddmin`) looks for, with the search of QuickXplain (Junker), which asks fewer
questions where the likely ones come first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def smallest(items: Sequence[Item], shows: Callable[[tuple[Item, ...]], bool]) -> tuple[Item, ...]:
    """Items of which none can be left out, in the order they were found; `items` stand with the
    likely ones first.

    All items together must show it, and no item at all must not: neither is tried.
    """
    needed: tuple[Item, ...] = ()
    while True:
        count = _shortest(items, lambda some, kept=needed: shows((*kept, *some)))  # type: ignore[misc]
        needed = (*needed, items[count - 1])
        items = items[: count - 1]
        if not items or shows(needed):
            return needed


def _shortest(items: Sequence[Item], shows: Callable[[Sequence[Item]], bool]) -> int:
    """How many of the first items it takes; all of them are known to be enough, none is not."""
    low, high = 0, 1
    while high < len(items) and not shows(items[:high]):
        low, high = high, 2 * high
    high = min(high, len(items))
    while high - low > 1:
        middle = (low + high) // 2
        if shows(items[:middle]):
            high = middle
        else:
            low = middle
    return high
