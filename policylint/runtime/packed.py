"""Many values of one type, packed until somebody looks at one.

A release's report takes 10 KB of memory and a twentieth of that packed, as the releases of a fleet
are alike; and a run looks at one after the other.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")

MANY = 1000
"""More values than these are packed; so many reports take 15 MB as they are."""
_QUICKEST = 1
"""Of zlib's levels."""


Form = tuple[Callable[[T], bytes], Callable[[bytes], T]]
"""How a value is written down, and how it is read again."""


class Packed(Sequence[T], Generic[T]):
    """Values by their places, each written down and compressed; whoever looks at one gets a new one
    that is equal."""

    def __init__(self, form: Form[T], count: int) -> None:
        self._write, self._read = form
        self._rows: list[Any] = [None] * count
        self._alike = b""
        """The first value as it is written down: the others are compressed as what differs."""

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> list[T]: ...

    def __getitem__(self, place: int | slice) -> T | list[T]:
        if isinstance(place, slice):
            return [self._unpacked(row) for row in self._rows[place]]
        return self._unpacked(self._rows[place])

    def __setitem__(self, place: int, value: T) -> None:
        self._rows[place] = self._packed(value)

    def _packed(self, value: T) -> bytes | T:
        """The value as it is where it cannot be written down exactly."""
        try:
            content = self._write(value)
            if self._read(content) == value:
                self._alike = self._alike or content
                packer = zlib.compressobj(_QUICKEST, zdict=self._alike)
                return packer.compress(content) + packer.flush()
        except (TypeError, ValueError, OverflowError, RecursionError):
            pass
        return value

    def _unpacked(self, row: Any) -> T:
        if isinstance(row, bytes):
            row = self._read(zlib.decompressobj(zdict=self._alike).decompress(row))
        value: T = row
        return value


def places_for(form: Form[T], count: int) -> Packed[T] | list[T]:
    """Where so many values are put, each at its place."""
    if count > MANY:
        return Packed(form, count)
    empty: list[Any] = [None] * count
    return empty


def gathered(form: Form[T], count: int, values: Iterable[T]) -> Sequence[T]:
    """So many values, in their order."""
    if count <= MANY:
        return tuple(values)
    places = Packed(form, count)
    for place, value in enumerate(values):
        places[place] = value
    return places
