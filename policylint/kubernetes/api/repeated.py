"""Parts that many objects have alike, pod specs and containers: what was worked out of one is kept
by its value.

A fleet's releases, both directions of an upgrade and both ways of applying it meet the same parts
again and again. What is kept must follow from the part alone.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

STRUCTS: Final = frozenset({"core.v1.Container", "core.v1.PodSpec"})
"""The structs whose values are worth a look at their whole value."""

_LONGEST = 50_000
"""Bytes of a part that is kept; a longer one is hardly met again."""

_MOST = 20_000_000
"""Bytes of all that is kept by one `Kept`, so that a run over everything has an end."""

Known = TypeVar("Known")


class Kept(Generic[Known]):
    """What is known of parts, by their exact keys; forgets everything where it becomes too much."""

    def __init__(self) -> None:
        self._known: dict[bytes | str, Known] = {}
        self._size = 0

    def get(self, key: bytes | str) -> Known | None:
        """What is known of the part with this key (`exact`)."""
        return self._known.get(key)

    def put(self, key: bytes | str, known: Known) -> None:
        """Keep what is known of the part with this key (`exact`)."""
        if len(key) > _LONGEST:
            return
        if self._size > _MOST:
            self._known.clear()
            self._size = 0
        self._known[key] = known
        self._size += len(key)


class Sound:
    """Parts of which nothing is to be said, by identity: they stay alive as long as they are
    here."""

    def __init__(self) -> None:
        self._parts: dict[int, object] = {}

    def __contains__(self, part: object) -> bool:
        return id(part) in self._parts

    def add(self, part: object) -> None:
        """Remember that nothing is to be said of a part."""
        if len(self._parts) > _MOST // 1000:
            self._parts.clear()
        self._parts[id(part)] = part
