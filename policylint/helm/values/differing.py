"""What differs between two tables of values, key by key, and the first table with only some of
it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct

from policylint.helm.values.tables import Table, copy

ABSENT: Final[Any] = object()
"""What a table holds at a key that it does not have."""

Path = tuple[str | int, ...]
"""Keys, and places in lists from 0."""


class Difference(Struct, frozen=True, eq=False):
    """A key of the values and what it held and holds; `ABSENT` on the side that lacks it."""

    path: Path
    old: Any
    new: Any


def differences(old: Any, new: Any, path: Path = ()) -> Iterator[Difference]:
    """The leaves that differ: tables are descended into, and lists as long as each other; a table
    that only one side has counts key by key."""
    if _is_table(old, new) and _is_table(new, old):
        yield from _of_tables(_table(old), _table(new), path)
    elif _alike(old, new):
        for place, items in enumerate(zip(old, new, strict=True)):
            yield from differences(*items, (*path, place))
    elif not _same(old, new):
        yield Difference(path, old, new)


def _of_tables(old: Table, new: Table, path: Path) -> Iterator[Difference]:
    for key in {**old, **new}:
        yield from differences(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))


def _is_table(side: Any, opposite: Any) -> bool:
    """Whether a side is a table, or lacks one that holds something."""
    return isinstance(side, dict) or (side is ABSENT and bool(opposite))


def _table(side: Any) -> Table:
    table: Table = {} if side is ABSENT else side
    return table


def _alike(old: Any, new: Any) -> bool:
    return isinstance(old, list) and isinstance(new, list) and len(old) == len(new)


def _same(old: Any, new: Any) -> bool:
    """Whether both are one value to a template: `true` is not 1."""
    return bool(old == new) and isinstance(old, bool) is isinstance(new, bool)


def with_some(table: Table, some: Iterable[Difference]) -> Table:
    """A copy of the old table with these differences."""
    made: Table = copy(table)
    for difference in some:
        if difference.new is ABSENT:
            _remove(made, difference.path)
        else:
            _put(made, difference.path, copy(difference.new))
    return made


def _put(holder: Any, path: Path, value: Any) -> None:
    for part in path[:-1]:
        if isinstance(part, int):
            holder = holder[part]
        else:
            holder = holder.setdefault(part, {})
    holder[path[-1]] = value


def _remove(holder: Any, path: Path) -> None:
    """Take a key away, and the tables that hold nothing else; items of lists keep their places."""
    first, rest = path[0], path[1:]
    if rest:
        _remove(holder[first], rest)
    if not rest or (holder[first] == {} and not isinstance(first, int)):
        del holder[first]
