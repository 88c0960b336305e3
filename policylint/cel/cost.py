"""Estimates what an expression may cost at worst, as the API server does before it accepts a CRD's
rule.

Follows cel-go's `checker.Cost` and Kubernetes' `library.CostEstimator`: sizes are ranges, a loop
costs its body times the largest size of what it ranges over, and what has no limit is as large as a
request can be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from policylint.cel.check import Checked
from policylint.cel.prices import price
from policylint.cel.sizes import (
    MOST,
    NOTHING,
    ONE,
    UNKNOWN,
    Entries,
    Estimate,
    Operand,
    Path,
    SizeOf,
    Span,
    fixed,
)
from policylint.cel.tree import (
    Call,
    Comprehension,
    Ident,
    Literal,
    MakeList,
    MakeMap,
    Node,
    Select,
    qualified,
)
from policylint.cel.types import Type, is_optional
from policylint.cel.values import Duration, Timestamp

_DYN_SINCE = 31
"""The minor from which dyn(x) keeps what is known of the size of x (1.30 does not, 1.34 does)."""

_SCALARS = frozenset({"bool", "double", "duration", "int", "timestamp", "uint"})


class _Local(Struct, frozen=True):
    path: Path
    size: Span | None
    entries: Entries | None = None


def worst_cost(root: Node, checked: Checked, size_of: SizeOf, minor: int) -> int:
    """The most an expression can cost, in the units of a server of that minor."""
    return Coster(checked, size_of, minor).cost(root).high


class Coster:
    """One estimate of one expression; remembers paths and sizes by node id."""

    def __init__(self, checked: Checked, size_of: SizeOf, minor: int) -> None:
        self.checked = checked
        self.minor = minor
        self.size_of = size_of
        self._paths: dict[int, Path] = {}
        self._sizes: dict[int, Span] = {}
        self._entries: dict[int, Entries] = {}
        self._locals: dict[str, list[_Local]] = {}

    def cost(self, node: Node) -> Span:
        """The cost of a node and all below it."""
        return self._costs[type(node)](self, node)

    def _literal(self, _: Literal) -> Span:
        return NOTHING

    def _ident(self, node: Ident) -> Span:
        local = self._local(node.name)
        self._paths[node.id] = local.path if local else (node.name,)
        return ONE

    def _select(self, node: Select) -> Span:
        if self.checked.type(node).kind == "type" and node.operand.id not in self.checked.types:
            self._paths[node.id] = (qualified(node),)  # a type's name, not a field
            return ONE
        total = self.cost(node.operand)
        if node.test:
            return total
        if self.checked.type(node.operand).kind in ("map", "object", "param"):
            total += ONE
        self._paths[node.id] = (*self._path(node.operand), node.field)
        return total

    def _list(self, node: MakeList) -> Span:
        total, item = fixed(10), Span(MOST if node.elements else 0, 0)
        for element in node.elements:
            total += self.cost(element)
            item |= self._size_or_unknown(element)
        self._entries[node.id] = Entries("list", ONE, item)
        return total

    def _map(self, node: MakeMap) -> Span:
        total = fixed(40 if node.message else 30)
        key = value = Span(MOST if node.entries else 0, 0)
        for entry in node.entries:
            total += self.cost(entry.key) + self.cost(entry.value)
            key |= self._size_or_unknown(entry.key)
            value |= self._size_or_unknown(entry.value)
        if not node.message:
            self._entries[node.id] = Entries("map", key, value)
        return total

    def _comprehension(self, node: Comprehension) -> Span:
        total = self.cost(node.over) + self.cost(node.start)
        start = _Local(self._path(node.start), self.size(node.start), self.entries(node.start))
        self._locals.setdefault(node.accumulator, []).append(start)
        if _is_bind(node):
            total += self.cost(node.result)
            self._locals[node.accumulator].pop()
            self._copy(node, node.result)
            return total
        names = self._push(node)
        loop, step = self.cost(node.condition), self.cost(node.step)
        for name in names:
            self._locals[name].pop()
        total += self.cost(node.result)
        self._locals[node.accumulator].pop()
        count = self._size_or_unknown(node.over)
        self._remember(node, count)
        return total + count * (step + loop)

    def _remember(self, node: Comprehension, count: Span) -> None:
        if isinstance(node.start, Literal):
            self._set_size(node, self.size(node.start))
        elif isinstance(node.start, MakeList | MakeMap):
            self._sizes[node.id] = count
            entries = self.entries(node.step)
            if entries is not None:
                self._entries[node.id] = entries

    def _push(self, node: Comprehension) -> tuple[str, ...]:
        entries, path = self.entries(node.over), self._path(node.over)
        if entries:
            kind = entries.kind
        else:
            kind = self.checked.type(node.over).kind
        key, value = (entries.key, entries.value) if entries else (None, None)
        by_value = _Local((*path, "@items" if kind == "list" else "@values"), value)
        by_key = _Local((*path, "@indices" if kind == "list" else "@keys"), key)
        if node.var2:
            self._locals.setdefault(node.var, []).append(by_key)
            self._locals.setdefault(node.var2, []).append(by_value)
            return (node.var, node.var2)
        self._locals.setdefault(node.var, []).append(by_value if kind == "list" else by_key)
        return (node.var,)

    def _call(self, node: Call) -> Span:
        if node.function == "dyn" and self.minor >= _DYN_SINCE:
            total = self.cost(node.args[0]) + ONE
            self._copy(node, node.args[0])
            return total
        costs = [self.cost(item) for item in node.args]
        args = [self.operand(item) for item in node.args]
        overloads = self.checked.overloads.get(node.id, ())
        if not overloads:
            return NOTHING
        target, total = None, NOTHING
        if (
            node.target is not None and node.target.id in self.checked.types
        ):  # a namespace has no type
            total = self.cost(node.target)
            target = self.operand(node.target)
        own, size = self._overloads(node, overloads, target, args, costs)
        self._set_size(node, size)
        return total + own

    def _overloads(
        self,
        node: Call,
        overloads: tuple[str, ...],
        target: Operand | None,
        args: list[Operand],
        costs: list[Span],
    ) -> Estimate:
        total, size = Span(MOST, 0), None
        for overload in overloads:
            own, result = price(self, node, overload, target, args, costs)
            total |= own
            if result is not None:
                size = result if size is None else size | result
            if overload in ("index_list", "index_map") and node.args:
                entries = self.entries(node.args[0])
                size = entries.value if entries else None
                part = "@items" if overload == "index_list" else "@values"
                self._paths[node.id] = (*self._path(node.args[0]), part)
            if size is None:
                size = self.size(node)
        return total, size

    def operand(self, node: Node) -> Operand:
        """An argument as estimates see it; what an accumulator holds has no path."""
        path = self._path(node)
        if path and path[0] in ("@result", "__result__"):
            path = ()
        return Operand(node, self.checked.type(node), path, self.size(node))

    def size(self, node: Node) -> Span | None:
        """The size of a node's value; None where nothing tells."""
        known = self._sizes.get(node.id)
        if known is not None:
            return known
        known = _literal_size(node)
        if known is not None:
            return known
        path = self._path(node)
        known = self.size_of(path) if path else None
        if known is not None:
            self._sizes[node.id] = known
            return known
        if _is_scalar(self.checked.type(node)):
            return ONE
        local = self._local_of(node)
        if local:
            return local.size
        return None

    def entries(self, node: Node) -> Entries | None:
        """What is known of a container's entries."""
        own = self._entries.get(node.id)
        if own is not None:
            return own
        local = self._local_of(node)
        if local:
            return local.entries
        return None

    def set_entries(self, node: Node, entries: Entries | None) -> None:
        """Remember what is known of a result's entries."""
        if entries is not None:
            self._entries[node.id] = entries

    def _size_or_unknown(self, node: Node) -> Span:
        size = self.size(node)
        if size is None:
            return UNKNOWN
        return size

    def _set_size(self, node: Node, size: Span | None) -> None:
        if size is not None:
            self._sizes[node.id] = size

    def _copy(self, to: Node, source: Node) -> None:
        self._set_size(to, self.size(source))
        self.set_entries(to, self.entries(source))

    def _local(self, name: str) -> _Local | None:
        stack = self._locals.get(name)
        if stack:
            return stack[-1]
        return None

    def _local_of(self, node: Node) -> _Local | None:
        if isinstance(node, Ident):
            return self._local(node.name)
        return None

    def _path(self, node: Node) -> Path:
        local = self._local_of(node)
        if local:
            return local.path
        return self._paths.get(node.id, ())

    _costs: Mapping[type, Callable[[Any, Any], Span]] = {
        Literal: _literal,
        Ident: _ident,
        Select: _select,
        Call: _call,
        MakeList: _list,
        MakeMap: _map,
        Comprehension: _comprehension,
    }


def _is_bind(node: Comprehension) -> bool:
    empty = isinstance(node.over, MakeList) and not node.over.elements
    never = isinstance(node.condition, Literal) and node.condition.value is False
    return empty and never and node.accumulator not in ("@result", "__result__")


def _literal_size(node: Node) -> Span | None:
    match node:
        case Literal(value=str() | bytes() as value):
            return fixed(len(value))
        case Literal(value=bool() | int() | float() | None | Timestamp() | Duration()):
            return ONE
        case MakeList():
            return fixed(len(node.elements))
        case MakeMap() if not node.message:
            return fixed(len(node.entries))
    return None


def _is_scalar(kind: Type) -> bool:
    return kind.kind in _SCALARS or (is_optional(kind) and _is_scalar(kind.params[0]))
