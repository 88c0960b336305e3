"""Two texts beside each other: where they begin and end alike."""

from __future__ import annotations


def shared(before: str, after: str) -> tuple[int, int]:
    """(characters alike at the beginning, characters alike at the end), which never overlap."""
    start = _alike(before, after)
    rest = min(len(before), len(after)) - start
    return start, min(rest, _alike(before[::-1], after[::-1]))


def _alike(before: str, after: str) -> int:
    """How many characters two texts begin with alike."""
    for place, (was, now) in enumerate(zip(before, after, strict=False)):
        if was != now:
            return place
    return min(len(before), len(after))
