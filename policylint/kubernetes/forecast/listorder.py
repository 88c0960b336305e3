"""The order of an associative list that server-side apply has merged.

What is sent stands in its own order; what only the live list has stays where it is among the items
that both have. Source: visitListItems of structured-merge-diff typed/merge.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Key = bytes | str
"""What tells an item of an associative list apart."""


def in_order(live: Sequence[Key], sent: Sequence[Key]) -> Iterator[tuple[Key, int | None]]:
    """The keys of both lists in the order of the merged one, those that are sent with their
    index."""
    walk = _Live(live, sent)
    for index, key in enumerate(sent):
        yield from ((alone, None) for alone in walk.before(key))
        yield key, index
        walk.passed(key)
    yield from ((alone, None) for alone in walk.rest())


class _Live:
    """The live list, as far as it was walked, and which item of both lists is due next."""

    def __init__(self, live: Sequence[Key], sent: Sequence[Key]) -> None:
        there = set(live)
        self._sent = set(sent)
        self._shared = iter([key for key in sent if key in there])
        self._due = next(self._shared, None)
        self._rest = iter(live)
        self._at = next(self._rest, None)

    def before(self, key: Key) -> Iterator[Key]:
        """What only the live list has, up to this key or to what is not passed over for it."""
        while self._at is not None and self._at != key and not self._waits():
            if self._at not in self._sent:
                yield self._at
            self._at = next(self._rest, None)

    def _waits(self) -> bool:
        return self._at in self._sent and self._at == self._due

    def passed(self, key: Key) -> None:
        """Go on behind a key that was taken."""
        if key == self._at:
            self._at = next(self._rest, None)
        if key == self._due:
            self._due = next(self._shared, None)

    def rest(self) -> Iterator[Key]:
        """What only the live list has, behind everything that was sent."""
        left = () if self._at is None else (self._at, *self._rest)
        return (key for key in left if key not in self._sent)
