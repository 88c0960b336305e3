"""What evaluating an expression costs, counted while it runs, so that no expression can hang.

Follows the API server's own accounting where it has one: cel-go's interpreter/runtimecost.go and
k8s.io/apiserver pkg/cel/library/cost.go (0.1 for each character traversed, 0.25 for each of a
pattern). Where Python does more work than Go is charged for (equality looks into every item, a list
is copied), that work is charged. So a count within the limit is one that the server takes, too;
beyond it the answer is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from policylint.cel.values import CelUnsupported, Value

PER_EXPRESSION = 1_000_000
"""PerCallLimit of k8s.io/apiserver pkg/apis/cel: what one evaluation of one expression may cost."""

PER_OBJECT = 10_000_000
"""RuntimeCELCostBudget, there: what all rules of one custom resource may cost together."""

NEW_LIST, NEW_MAP = 10, 30
"""What cel-go charges for a list and a map literal (common/cost.go)."""

_CHARACTERS = 10
"""Characters, or items copied, for one unit: the traversal factor of 0.1."""


class Budget:
    """What may still be spent, also of a budget that several evaluations share."""

    def __init__(self, limit: int, shared: Budget | None = None) -> None:
        self.left = limit
        self._shared = shared

    def spend(self, cost: int) -> None:
        """Take a cost; raises CelUnsupported where more is spent than there is."""
        self.left -= cost
        if self.left < 0:
            if self._shared is not None:
                self._shared.left = 0  # the server, too, runs no further rule then
            raise CelUnsupported("it costs more than the API server lets an expression cost")
        if self._shared is not None:
            self._shared.spend(cost)


def price(function: str, operands: Sequence[Value], limit: int) -> int:
    """What a call costs beyond the step that it is, in the server's units.

    Counting the size of nested operands ends beyond `limit`, so pricing is no more work than that.
    """
    if function in _FREE:
        return 0
    special = _PRICES.get(function)
    if special is None:
        return sum(map(_length, operands)) // _CHARACTERS
    return special(operands, limit)


def weight(value: Value, limit: int) -> int:
    """The items, entries and tens of characters in a value and all below it; once it is beyond
    `limit`, counting ends."""
    total = 0
    pending = [value]
    while pending and total <= limit:
        item = pending.pop()
        total += 1
        if isinstance(item, str | bytes):
            total += len(item) // _CHARACTERS
        elif isinstance(item, list):
            pending += item[: limit + 1]
        elif isinstance(item, dict):
            total += len(item)
            pending += item.values()
    return total


def _length(value: Value) -> int:
    if isinstance(value, str | bytes | list | dict):
        return len(value)
    return 0


def _equality(operands: Sequence[Value], limit: int) -> int:
    left, right = operands
    if not isinstance(left, list | dict) or not isinstance(right, list | dict):
        return min(_length(left), _length(right)) // _CHARACTERS
    return weight(left, limit)


def _pairwise(operands: Sequence[Value], limit: int) -> int:
    """Every item with every other: of two lists, or of one list with itself."""
    return (_length(operands[0]) + 1) * weight(operands[-1], limit)


def _equivalence(operands: Sequence[Value], limit: int) -> int:
    return 2 * _pairwise(operands, limit)


def _every_item(operands: Sequence[Value], limit: int) -> int:
    return sum(weight(operand, limit) for operand in operands)


def _matching(operands: Sequence[Value], _: int) -> int:
    text, pattern = map(_length, operands[:2])
    return (text // _CHARACTERS + 1) * (pattern // 4 + 1)


def _containing(operands: Sequence[Value], _: int) -> int:
    text, part = map(_length, operands)
    return (text // _CHARACTERS + 1) * (part // _CHARACTERS + 1)


def _replacing(operands: Sequence[Value], _: int) -> int:
    """The length of the result: replacing nothing by a long text is the way to make a huge one."""
    text, old, new = map(_length, operands[:3])
    most = text // old if old else text + 1
    return (text * 2 + most * new) // _CHARACTERS


def _joining(operands: Sequence[Value], limit: int) -> int:
    if len(operands) > 1:
        separators = _length(operands[0]) * _length(operands[-1])
    else:
        separators = 0
    return weight(operands[0], limit) + separators // _CHARACTERS


def _counting(operands: Sequence[Value], _: int) -> int:
    size = operands[0]
    if isinstance(size, int):
        return max(size, 0)
    return 0


_FREE = frozenset(
    {
        *("_[_]", "_[?_]", "_?._", "size", "type", "dyn", "first", "last", "cel.@mapInsert"),
        *("optional.of", "optional.none", "optional.ofNonZeroValue", "hasValue", "value"),
        *("or", "orValue"),
    }
)
"""Calls whose work does not grow with what they are given."""

_PRICES: Mapping[str, Callable[[Sequence[Any], int], int]] = {
    **dict.fromkeys(("_==_", "_!=_"), _equality),
    **dict.fromkeys(("@in", "indexOf", "lastIndexOf", "min", "max", "sum"), _every_item),
    **dict.fromkeys(("isSorted", "flatten", "format", "validate"), _every_item),
    **dict.fromkeys(("distinct", "sort", "@sortByAssociatedKeys"), _pairwise),
    **dict.fromkeys(("sets.contains", "sets.intersects"), _pairwise),
    **dict.fromkeys(("matches", "find", "findAll"), _matching),
    "sets.equivalent": _equivalence,
    "contains": _containing,
    "replace": _replacing,
    "join": _joining,
    "lists.range": _counting,
}
"""Calls whose cost is not a tenth of what they traverse."""
