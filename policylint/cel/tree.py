"""The nodes of a parsed CEL expression, macros expanded; `id` is the parser's number of a node."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Literal(Struct, frozen=True):
    """A constant, as a CEL value of `policylint.cel.values`."""

    id: int
    value: Any


class Ident(Struct, frozen=True):
    """A name."""

    id: int
    name: str


class Select(Struct, frozen=True):
    """`operand.field`, or `has(operand.field)` where `test` is set."""

    id: int
    operand: Node
    field: str
    test: bool = False


class Call(Struct, frozen=True):
    """A function or operator call; `target` is the receiver of a member call."""

    id: int
    function: str
    target: Node | None
    args: tuple[Node, ...]


class MakeList(Struct, frozen=True):
    """A list literal; `optional` holds the positions written as `[?x]`."""

    id: int
    elements: tuple[Node, ...]
    optional: frozenset[int] = frozenset()


class Entry(Struct, frozen=True):
    """One `key: value` of a map literal, `?key: value` where `optional`."""

    key: Node
    value: Node
    optional: bool = False


class MakeMap(Struct, frozen=True):
    """A map literal, or a message literal where `message` names a type."""

    id: int
    entries: tuple[Entry, ...]
    message: str = ""


class Comprehension(Struct, frozen=True):
    """What `all`, `exists`, `map`, `filter` and their kin are expanded to: a fold over `over`."""

    id: int
    var: str
    var2: str
    over: Node
    accumulator: str
    start: Node
    condition: Node
    step: Node
    result: Node


Node = Literal | Ident | Select | Call | MakeList | MakeMap | Comprehension


def qualified(node: Node) -> str:
    """The dotted name a chain of selects on an identifier spells ("google.protobuf.Duration"), else
    ""."""
    if isinstance(node, Ident):
        return node.name.removeprefix(".")
    if isinstance(node, Select) and not node.test:
        head = qualified(node.operand)
        if head:
            return f"{head}.{node.field}"
        return ""
    return ""


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below a node, in evaluation order."""
    match node:
        case Select():
            return (node.operand,)
        case Call():
            return (*((node.target,) if node.target is not None else ()), *node.args)
        case MakeList():
            return node.elements
        case MakeMap():
            return tuple(part for entry in node.entries for part in (entry.key, entry.value))
        case Comprehension():
            return (node.over, node.start, node.condition, node.step, node.result)
        case _:
            return ()


def names(node: Node) -> frozenset[str]:
    """Every identifier that occurs in an expression."""
    identifiers: set[str] = set()
    pending: list[Node] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, Ident):
            identifiers.add(current.name)
        pending.extend(children(current))
    return frozenset(identifiers)
