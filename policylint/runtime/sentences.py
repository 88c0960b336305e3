"""Numbers and lists as a sentence has them."""

from __future__ import annotations

from collections.abc import Sequence


def plural(count: int, noun: str) -> str:
    """A number of things: `1 error`, `2 errors`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}s"


def first_of(names: Sequence[str], most: int = 8) -> str:
    """The first names, and how many more there are: `a, b and 3 more`."""
    shown = ", ".join(names[:most])
    if len(names) > most:
        return f"{shown} and {len(names) - most} more"
    return shown
