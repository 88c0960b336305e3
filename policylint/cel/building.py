"""Makes the nodes of an expression while it is parsed: numbers and places, macros written out, and
how deep the server's visitor goes."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from policylint.cel.macros import Expander, MacroError, Writer
from policylint.cel.tokens import Token
from policylint.cel.tree import (
    Call,
    Comprehension,
    Entry,
    Literal,
    MakeList,
    MakeMap,
    Node,
    Select,
    children,
)
from policylint.cel.values import CelUnsupported

_MOST_NODES = 500_000
"""An optMap() copies what it is called on, so that a chain of them doubles with each."""


class Builder:
    """The nodes of one expression; `errors` are those that its syntax does not show, with their
    offsets."""

    def __init__(self) -> None:
        self.positions: dict[int, int] = {}
        self.errors: list[tuple[int, str]] = []
        self._last = 0
        self._heights: dict[int, int] = {}

    def number(self, at: int) -> int:
        """The number of a new node; raises CelUnsupported where there are too many."""
        self._last += 1
        if self._last > _MOST_NODES:
            raise CelUnsupported("an expression that grows too large when its macros are expanded")
        self.positions[self._last] = at
        return self._last

    def nothing(self, at: int) -> Node:
        """Stands where an error was found."""
        return Literal(self.number(at), None)

    def call(self, sign: Token, function: str, args: tuple[Node, ...]) -> Node:
        """The call of an operator."""
        return self.deeper(Call(self.number(sign.at), function, None, args), args, by=1)

    def map(self, opening: Token, entries: list[Entry], message: str) -> Node:
        """A map, or a message of this type."""
        node = MakeMap(self.number(opening.at), tuple(entries), message)
        return self.deeper(node, children(node))

    def balanced(self, function: str, terms: list[Node], signs: list[Token]) -> Node:
        """A chain of `&&` or `||`, as a tree that is as flat as can be."""
        if not signs:
            return terms[0]
        middle = len(signs) // 2
        args = (
            self.balanced(function, terms[: middle + 1], signs[:middle]),
            self.balanced(function, terms[middle + 1 :], signs[middle + 1 :]),
        )
        return self.deeper(Call(self.number(signs[middle].at), function, None, args), args)

    def expanded(self, at: int, expand: Expander, target: Node, args: tuple[Node, ...]) -> Node:
        """A macro's call, written out; `at` is where its arguments begin."""
        write = Writer(lambda: self.number(at), self._copied)
        try:
            return expand(write, target, args)
        except MacroError as error:
            self.errors.append((self.positions[error.node.id], str(error)))
            return self.nothing(at)

    def deeper(self, node: Node, parts: Iterable[Node], by: int = 0) -> Node:
        """The node, noted as so much deeper than its parts."""
        heights = [self._heights.get(part.id, 0) for part in parts]
        self._heights[node.id] = by + max(heights, default=0)
        return node

    def height(self, node: Node) -> int:
        """How many operators, members and calls of methods stand in one another."""
        return self._heights.get(node.id, 0)

    def _copied(self, node: Node) -> Node:
        number = self.number(self.positions[node.id])
        match node:
            case Select():
                return replace(node, id=number, operand=self._copied(node.operand))
            case Call():
                target = None if node.target is None else self._copied(node.target)
                args = tuple(map(self._copied, node.args))
                return Call(number, node.function, target, args)
            case MakeList():
                return replace(node, id=number, elements=tuple(map(self._copied, node.elements)))
            case MakeMap():
                entries = tuple(map(self._copied_entry, node.entries))
                return replace(node, id=number, entries=entries)
            case Comprehension():
                parts = ("over", "start", "condition", "step", "result")
                copies = {part: self._copied(getattr(node, part)) for part in parts}
                return replace(node, id=number, **copies)
        return replace(node, id=number)

    def _copied_entry(self, entry: Entry) -> Entry:
        key = entry.key
        if key.id in self.positions:  # the name of a message's field has no place of its own
            key = self._copied(key)
        return Entry(key, self._copied(entry.value), entry.optional)
