"""Sizes: how large what an expression reads and makes can be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from policylint.cel.tree import Node
from policylint.cel.types import Type

MOST = (1 << 64) - 1


class Span(Struct, frozen=True):
    """From the least to the most, of a size or a cost; never more than fits 64 bits."""

    low: int
    high: int

    def __add__(self, other: Span) -> Span:
        return Span(min(self.low + other.low, MOST), min(self.high + other.high, MOST))

    def __mul__(self, other: Span) -> Span:
        return Span(min(self.low * other.low, MOST), min(self.high * other.high, MOST))

    def __or__(self, other: Span) -> Span:
        return Span(min(self.low, other.low), max(self.high, other.high))

    def scaled(self, factor: float) -> Span:
        """Times a factor, rounded up."""
        return Span(_scaled(self.low, factor), _scaled(self.high, factor))


def _scaled(amount: int, factor: float) -> int:
    product = float(amount) * factor
    if product >= 2.0**64:
        return MOST
    return math.ceil(product)


def fixed(amount: int) -> Span:
    """A known size or cost."""
    return Span(amount, amount)


Path = tuple[str, ...]


SizeOf = Callable[[Path], Span | None]
"""The size the schema gives for a path such as ("self", "names", "@items"); None where it gives
none."""


class Entries(Struct, frozen=True):
    """The sizes of a container's keys and values, where the expression itself tells."""

    kind: str
    key: Span
    value: Span


class Operand(Struct, frozen=True):
    """What a function's estimate may look at: type, path and size of an argument."""

    node: Node | None
    kind: Type
    path: Path
    size: Span | None


class Sizes(Protocol):
    """What is known of an expression while its cost is estimated."""

    @property
    def minor(self) -> int:
        """The Kubernetes minor whose prices count."""

    @property
    def size_of(self) -> SizeOf:
        """The sizes that the schema gives."""

    def entries(self, node: Node) -> Entries | None:
        """What is known of a container's entries."""

    def set_entries(self, node: Node, entries: Entries | None) -> None:
        """Remember what is known of a result's entries."""


Estimate = tuple[Span, Span | None]
"""A call's own cost and the size of its result."""


UNKNOWN, NOTHING, ONE = Span(0, MOST), fixed(0), fixed(1)
