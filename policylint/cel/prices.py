"""What each CEL function costs and how large its result may be, for `cost`.

Source: k8s.io/apiserver pkg/cel/library/cost.go and cel-go's checker/cost.go. Factors: 0.1 for each
character traversed, 0.25 for each character of a regular expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil

from policylint.cel.sizes import (
    MOST,
    NOTHING,
    ONE,
    UNKNOWN,
    Entries,
    Estimate,
    Operand,
    Sizes,
    Span,
    fixed,
)
from policylint.cel.tree import Call, Literal

_TRAVERSAL, _REGEX = 0.1, 0.25
_ADDRESS = Span(4, 16)
_PRICED_SINCE = 31
"""The minor from which comparing quantities, addresses, ... has a price of its own (1.30 has none,
1.34 has)."""
_MAX_FORMAT_REGEX, _MAX_FORMAT = 128, 64


def price(
    known: Sizes,
    node: Call,
    overload: str,
    target: Operand | None,
    args: list[Operand],
    costs: list[Span],
) -> Estimate:
    """The cost of one overload of a call, arguments included, and the size of its result."""
    below = sum(costs, NOTHING)
    for estimate in (_extension, _kubernetes, _builtin):
        special_price = estimate(known, node, overload, target, args)
        if special_price is not None:
            return special_price[0] + below, special_price[1]
    special = _lazy(known, node, overload, args, costs)
    if special is not None:
        return special
    return (ONE + below, None)


def _size(known: Sizes, operand: Operand) -> Span:
    if operand.size is not None:
        return operand.size
    if operand.path:
        size = known.size_of(operand.path)
    else:
        size = None
    if size is None:
        return UNKNOWN
    return size


def _extension(
    known: Sizes, node: Call, overload: str, target: Operand | None, args: list[Operand]
) -> Estimate | None:
    """cel-go's sets and lists, which bring estimates of their own."""
    if overload.startswith("list_sets_"):
        factor = 2 if "equivalent" in overload else 1
        return (_size(known, args[0]) * _size(known, args[1])).scaled(factor) + ONE, None
    if overload == "lists_range":
        return _allocated(fixed(_integer(args[0], MOST)), 1)
    if target is None:
        return None
    sizing = _OF_LIST.get(node.function)
    if sizing:
        return sizing(known, overload, _size(known, target), args)
    return None


def _slice(_: Sizes, __: str, size: Span, args: list[Operand]) -> Estimate:
    start, end = _integer(args[0], 0), _integer(args[1], size.high)
    return _allocated(fixed((end - start) % (1 << 64)), 1)


def _flatten(_: Sizes, __: str, size: Span, args: list[Operand]) -> Estimate:
    return _allocated(size, _integer(args[0], MOST) if args else 1)


def _reverse(_: Sizes, __: str, size: Span, ___: list[Operand]) -> Estimate:
    return _allocated(size, 1)


def _distinct(_: Sizes, __: str, size: Span, ___: list[Operand]) -> Estimate:
    return _allocated(size * size, 2)


def _sort(_: Sizes, overload: str, size: Span, __: list[Operand]) -> Estimate:
    texts = overload.split("_")[1] in ("string", "bytes")
    return _allocated(size * size, 2.1 if texts else 2)


def _sort_by_keys(known: Sizes, overload: str, _: Span, args: list[Operand]) -> Estimate:
    return _sort(known, overload, _size(known, args[0]), args)


_OF_LIST: Mapping[str, Callable[[Sizes, str, Span, list[Operand]], Estimate]] = {
    "slice": _slice,
    "flatten": _flatten,
    "reverse": _reverse,
    "distinct": _distinct,
    "sort": _sort,
    "@sortByAssociatedKeys": _sort_by_keys,
}


def _allocated(size: Span, factor: float) -> Estimate:
    return size.scaled(factor) + fixed(11), size


def _integer(operand: Operand, otherwise: int) -> int:
    """The value of an integer literal, nothing less than 0."""
    if isinstance(operand.node, Literal):
        value = operand.node.value
    else:
        value = None
    if isinstance(value, int) and not isinstance(value, bool):
        return max(value, 0)
    return otherwise


def _kubernetes(
    known: Sizes, node: Call, overload: str, target: Operand | None, args: list[Operand]
) -> Estimate | None:
    name = node.function
    if name in _FLAT or overload in ("cidr_ip", "format-named"):
        return ONE, None
    if target is not None and name in _OF_TARGET:
        return _OF_TARGET[name](known, target, args)
    if name == "_==_":
        return _compared(known, args)
    if not args:
        return None
    if name in ("containsIP", "containsCIDR"):
        return _contained(known, name, overload, args[0]), None
    if name in _OF_ARGUMENT:
        factor, keeps = _OF_ARGUMENT[name]
        size = _size(known, args[0])
        return size.scaled(factor), size if keeps else None
    return None


def _compared(known: Sizes, args: list[Operand]) -> Estimate | None:
    if known.minor < _PRICED_SINCE or args[0].kind != args[1].kind:
        return None
    return _equality(args[0], args[1])


_FLAT = frozenset(
    (
        *(
            "masked",
            "prefixLength",
            "family",
            "isUnspecified",
            "isLoopback",
            "isLinkLocalMulticast",
        ),
        *(
            "isLinkLocalUnicast",
            "isGlobalUnicast",
            "sign",
            "asInteger",
            "isInteger",
            "asApproximateFloat",
        ),
        *(
            "isGreaterThan",
            "isLessThan",
            "compareTo",
            "add",
            "sub",
            "major",
            "minor",
            "patch",
            "getScheme",
        ),
        *("getHostname", "getHost", "getPort", "getEscapedPath", "getQuery"),
    )
)
_OF_ARGUMENT = {
    "url": (_TRAVERSAL, True),
    "isCanonical": (2 * _TRAVERSAL, False),
    **dict.fromkeys(
        ("cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity", "semver", "isSemver"),
        (_TRAVERSAL, False),
    ),
}


def _fold(known: Sizes, target: Operand, _: list[Operand]) -> Estimate:
    """min, max, sum, isSorted, indexOf: once through the list, and through each string in it."""
    size = _size(known, target)
    if not target.kind.params:
        return size.scaled(_TRAVERSAL), None
    per_item = ONE
    if target.kind.params[0].kind in ("string", "bytes"):
        per_item += _size(known, _item(target)).scaled(_TRAVERSAL)
    return size * per_item, None


def _item(target: Operand) -> Operand:
    return Operand(
        None, target.kind.params[0], (*target.path, "@items") if target.path else (), None
    )


def _same_size(known: Sizes, target: Operand, _: list[Operand]) -> Estimate:
    size = _size(known, target)
    return size.scaled(_TRAVERSAL), size


def _replace(known: Sizes, target: Operand, args: list[Operand]) -> Estimate | None:
    if len(args) < 2:
        return None
    size, old, new = (_size(known, operand) for operand in (target, args[0], args[1]))
    most, most_kept = _most_replaced(size, old, new)
    least, least_kept = _least_replaced(size, old, new)
    result = Span(least, most) * new + Span(least_kept, most_kept)
    return size.scaled(2 * _TRAVERSAL), result


def _most_replaced(size: Span, old: Span, new: Span) -> tuple[int, int]:
    if old.low == 0:
        return min(size.high + 1, MOST), size.high
    if new.high <= old.low:
        return (0, size.high)
    return (ceil(size.high / old.low), 0)


def _least_replaced(size: Span, old: Span, new: Span) -> tuple[int, int]:
    if old.high == 0:
        return min(size.low + 1, MOST), size.low
    if old.high <= new.low:
        return (0, size.low)
    return (ceil(size.low / old.high), 0)


def _split(known: Sizes, target: Operand, args: list[Operand]) -> Estimate:
    size = _size(known, target)
    return size.scaled(2 * _TRAVERSAL), Span(
        0, _limit(args[1], size) if len(args) > 1 else size.high
    )


def _limit(operand: Operand, size: Span) -> int:
    if isinstance(operand.node, Literal):
        value = operand.node.value
    else:
        value = None
    if isinstance(value, int) and not isinstance(value, bool):
        return value % (1 << 64)
    return size.high


def _join(known: Sizes, target: Operand, args: list[Operand]) -> Estimate:
    count, size = _size(known, target), NOTHING
    if target.kind.params:
        size = count * _size(known, _item(target))
    if args:
        gaps = Span(max(count.low - 1, 0), max(count.high - 1, 0))
        size += _size(known, args[0]) * gaps
    return size.scaled(_TRAVERSAL), size


def _find(known: Sizes, target: Operand, args: list[Operand]) -> Estimate | None:
    if not args:
        return None
    size = _size(known, target)
    per_match = (size + ONE).scaled(_TRAVERSAL)
    return per_match * _size(known, args[0]).scaled(_REGEX), Span(0, size.high)


def _validate(known: Sizes, _: Operand, args: list[Operand]) -> Estimate | None:
    if not args:
        return None
    return _size(known, args[0]).scaled(_TRAVERSAL).scaled(_MAX_FORMAT_REGEX * _REGEX), None


_OF_TARGET: Mapping[str, Callable[[Sizes, Operand, list[Operand]], Estimate | None]] = {
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), _fold),
    **dict.fromkeys(("lowerAscii", "upperAscii", "substring", "trim"), _same_size),
    "replace": _replace,
    "split": _split,
    "join": _join,
    "find": _find,
    "findAll": _find,
    "validate": _validate,
}


def _contained(known: Sizes, name: str, overload: str, operand: Operand) -> Span:
    total = (_ADDRESS + _ADDRESS).scaled(_TRAVERSAL)
    if name == "containsCIDR":
        total += _ADDRESS.scaled(_TRAVERSAL) + ONE
    if overload.endswith("_string"):
        total += _size(known, operand).scaled(_TRAVERSAL)
    return total


def _equality(left: Operand, right: Operand) -> Estimate | None:
    match left.kind.name:
        case "net.IP" | "net.CIDR" | "kubernetes.Quantity" | "kubernetes.Semver":
            return ONE, None
        case "kubernetes.NamedFormat":
            return Span(1, _MAX_FORMAT).scaled(_TRAVERSAL), None
        case "kubernetes.URL":
            return Span(1, right.size.high if right.size else 1).scaled(_TRAVERSAL), None
    return None


def _builtin(
    known: Sizes, node: Call, overload: str, target: Operand | None, args: list[Operand]
) -> Estimate | None:
    sizes = list(map(_own_size, args))
    if overload in _CONCATENATING:
        return _concatenated(known, node, overload, sizes)
    if overload in _COMPARED:
        smallest = min(sizes[0].high, sizes[1].high)
        return Span(1 if smallest else 0, smallest).scaled(_TRAVERSAL), None
    if overload in _OF_SIZES:
        return _OF_SIZES[overload](UNKNOWN if target is None else _own_size(target), sizes)
    return None


def _own_size(operand: Operand) -> Span:
    if operand.size is None:
        return UNKNOWN
    return operand.size


def _formatted(own: Span, _: list[Span]) -> Estimate:
    return own.scaled(_TRAVERSAL), None


def _to_bytes(_: Span, sizes: list[Span]) -> Estimate:
    text = sizes[0]
    return text.scaled(_TRAVERSAL), Span(text.low, min(text.high * 4, MOST))


def _to_text(_: Span, sizes: list[Span]) -> Estimate:
    return sizes[0].scaled(_TRAVERSAL), Span(sizes[0].low // 4, sizes[0].high)


def _quoted(_: Span, sizes: list[Span]) -> Estimate:
    text = sizes[0]
    return text.scaled(_TRAVERSAL), Span(text.low + 2, min(text.high * 2 + 2, MOST))


def _begun(_: Span, sizes: list[Span]) -> Estimate:
    return sizes[0].scaled(_TRAVERSAL), None


def _among(_: Span, sizes: list[Span]) -> Estimate:
    return sizes[1], None


def _matched(own: Span, sizes: list[Span]) -> Estimate:
    return (own + ONE).scaled(_TRAVERSAL) * sizes[0].scaled(_REGEX), None


def _containing(own: Span, sizes: list[Span]) -> Estimate:
    return own.scaled(_TRAVERSAL) * sizes[0].scaled(_TRAVERSAL), None


_OF_SIZES: Mapping[str, Callable[[Span, list[Span]], Estimate]] = {
    "string_format": _formatted,
    "string_to_bytes": _to_bytes,
    "bytes_to_string": _to_text,
    "strings_quote": _quoted,
    "starts_with_string": _begun,
    "ends_with_string": _begun,
    "in_list": _among,
    "matches_string": _matched,
    "contains_string": _containing,
}
"""By the size of the receiver and those of the arguments."""

_CONCATENATING = frozenset(("add_string", "add_bytes", "add_list"))
_COMPARED = frozenset(
    (
        *(
            "equals",
            "not_equals",
            "less_string",
            "less_bytes",
            "less_equals_string",
            "less_equals_bytes",
        ),
        *("greater_string", "greater_bytes", "greater_equals_string", "greater_equals_bytes"),
    )
)


def _concatenated(known: Sizes, node: Call, overload: str, sizes: list[Span]) -> Estimate:
    total = sizes[0] + sizes[1]
    known.set_entries(node, _union(known.entries(node.args[0]), known.entries(node.args[1])))
    return (ONE if overload == "add_list" else total.scaled(_TRAVERSAL)), total


def _union(left: Entries | None, right: Entries | None) -> Entries | None:
    if left is None or right is None:
        return None
    return Entries(left.kind, left.key | right.key, left.value | right.value)


def _lazy(
    known: Sizes, node: Call, overload: str, args: list[Operand], costs: list[Span]
) -> Estimate | None:
    """What does not evaluate all of its operands: the first decides, or the dearer branch
    counts."""
    if overload in ("logical_and", "logical_or"):
        return Span(costs[0].low, (costs[0] + costs[1]).high), None
    if overload == "conditional":
        sizes = [UNKNOWN if operand.size is None else operand.size for operand in args]
        known.set_entries(node, _union(known.entries(node.args[1]), known.entries(node.args[2])))
        return costs[0] + (costs[1] | costs[2]), sizes[1] | sizes[2]
    return None
