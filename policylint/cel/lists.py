"""List and set functions in CEL: Kubernetes' lists library, cel-go's lists and sets extensions.

Source: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-list-library and cel-go's
`ext` documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from policylint.cel.values import (
    NONE,
    CelError,
    Duration,
    Members,
    Optional,
    Uint,
    compare,
    equal,
    is_number,
)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise CelError("no such overload")
    return value


def _is_sorted(items: Any) -> bool:
    return all(
        compare(left, right) <= 0 for left, right in zip(_list(items), items[1:], strict=False)
    )


def _best(name: str, sign: int) -> Callable[[Any], Any]:
    def pick(items: Any) -> Any:
        if not _list(items):
            raise CelError(f"{name} called on empty list")
        best = items[0]
        for item in items[1:]:
            if compare(item, best) == sign:
                best = item
        return best

    return pick


def _sum(items: Any) -> Any:
    if any(isinstance(item, Duration) for item in _list(items)):
        return Duration(sum(item.ns for item in items))
    if not all(is_number(item) for item in items):
        raise CelError("no such overload")
    total = sum(items)
    if isinstance(total, int) and not -(1 << 63) <= total < 1 << 63:
        raise CelError("integer overflow")
    if items and isinstance(items[0], Uint):
        return Uint(total)
    return total


def _index_of(items: Any, wanted: Any, start: int = 0) -> int:
    if isinstance(items, str):
        return _text_index(items, wanted, start)
    return next((at for at, item in enumerate(_list(items)) if equal(item, wanted)), -1)


def _last_index_of(items: Any, wanted: Any, start: int | None = None) -> int:
    if isinstance(items, str):
        return _last_text_index(items, wanted, start)
    return next((at for at in range(len(_list(items)) - 1, -1, -1) if equal(items[at], wanted)), -1)


def _text_index(text: str, wanted: Any, start: int) -> int:
    if not isinstance(wanted, str):
        raise CelError("no such overload")
    if wanted == "":
        return start
    if start < 0:
        raise CelError(f"index out of range: {start}")
    return text.find(wanted, start)


def _last_text_index(text: str, wanted: Any, start: int | None) -> int:
    if not isinstance(wanted, str):
        raise CelError("no such overload")
    if start is None:
        return text.rfind(wanted)
    if wanted == "":
        return start
    if start < 0:
        raise CelError(f"index out of range: {start}")
    if start >= len(text):
        return -1
    return text.rfind(wanted, 0, start + len(wanted))


def _slice(items: Any, start: Any, end: Any) -> list[Any]:
    if start < 0 or end < 0:
        raise CelError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise CelError(
            f"cannot slice({start}, {end}), start index must be less than or equal to end index"
        )
    if end > len(_list(items)):
        raise CelError(f"cannot slice({start}, {end}), list is length {len(items)}")
    return list(items[start:end])


def _flatten(items: Any, depth: int = 1) -> list[Any]:
    if depth < 0:
        raise CelError("level must be non-negative")
    flat: list[Any] = []
    for item in _list(items):
        if isinstance(item, list) and depth > 0:
            flat.extend(_flatten(item, depth - 1) if depth > 1 else item)
        else:
            flat.append(item)
    return flat


def _distinct(items: Any) -> list[Any]:
    kept: list[Any] = []
    members = Members(())
    for item in _list(items):
        if item not in members:
            members.add(item)
            kept.append(item)
    return kept


def _sorted(items: Any, keys: Any = None) -> list[Any]:
    by = _list(items if keys is None else keys)

    def order(left: int, right: int) -> int:
        return compare(by[left], by[right])

    return [items[at] for at in sorted(range(len(by)), key=cmp_to_key(order))]


def _reverse(items: Any) -> list[Any]:
    return _list(items)[::-1]


def _range(size: Any) -> list[int]:
    if type(size) is not int or size > 1_000_000:
        raise CelError(
            "no such overload" if type(size) is not int else "actual cost limit exceeded"
        )
    return list(range(size))


def _edge(at: int) -> Callable[[Any], Optional]:
    return lambda items: Optional(items[at], True) if _list(items) else NONE


def _contains(outer: Any, inner: Any) -> bool:
    members = Members(_list(outer))
    return all(item in members for item in _list(inner))


def _intersects(left: Any, right: Any) -> bool:
    members = Members(_list(right))
    return any(item in members for item in _list(left))


def _insert(target: dict[Any, Any], key: Any, value: Any = None) -> dict[Any, Any]:
    """What `transformMap` and `transformMapEntry` add to: one entry, or another map's entries.

    The map is changed in place: only these macros call it, on a map that nobody else holds, and a
    copy for each entry would take quadratic time.
    """
    entries = key.items() if isinstance(key, dict) else ((key, value),)
    for name, item in entries:
        if name in target:
            raise CelError(f"insert failed: key {name} already exists")
        target[name] = item
    return target


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "isSorted": _is_sorted,
    "sum": _sum,
    "min": _best("min", -1),
    "max": _best("max", 1),
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "slice": _slice,
    "flatten": _flatten,
    "distinct": _distinct,
    "sort": _sorted,
    "@sortByAssociatedKeys": _sorted,
    "reverse": _reverse,
    "lists.range": _range,
    "first": _edge(0),
    "last": _edge(-1),
    "cel.@mapInsert": _insert,
    "sets.contains": _contains,
    "sets.intersects": _intersects,
    "sets.equivalent": lambda left, right: _contains(left, right) and _contains(right, left),
}
"""Functions over lists; `indexOf` and `lastIndexOf` take strings too, as they do in CEL."""
