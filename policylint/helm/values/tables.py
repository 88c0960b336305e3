"""Merging of tables (maps of values) in Helm's three ways: files over files, coalescing, merging
with nulls kept.

The functions change their first argument, as Helm's do: tables that two charts share stay shared,
which is visible where `import-values` puts two tables in one place. Source:
chart/common/util/coalesce.go of Helm 3.22 and 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

Table = dict[str, Any]
Warn = Callable[[str], None]


def ignore(_: str) -> None:
    """A `Warn` that drops Helm's warnings."""


def copy(value: Any) -> Any:
    """A deep copy of a JSON value."""
    if isinstance(value, dict):
        return {key: copy(child) for key, child in value.items()}
    if isinstance(value, list):
        return [copy(child) for child in value]
    return value


def as_json_numbers(value: Any) -> Any:
    """The value after a trip through Helm's JSON reader, where every number is a 64-bit float.

    Integers beyond 2^53 lose digits there and are given as Helm prints them; smaller ones stay what
    they are.
    """
    if isinstance(value, dict):
        return {key: as_json_numbers(child) for key, child in value.items()}
    if isinstance(value, list):
        return [as_json_numbers(child) for child in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        if abs(value) < 10**21:
            return int(Decimal(repr(float(value))))
        return float(value)
    return value


def layer(lower: Table, upper: Table) -> Table:
    """Values files and `--set-json` objects on each other: maps merge, everything else (null too)
    is replaced."""
    result = dict(lower)
    for key, value in upper.items():
        below = result.get(key)
        result[key] = (
            layer(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
        )
    return result


def overlay(
    upper: Table, lower: Table, *, keep_nulls: bool, warn: Warn = ignore, prefix: str = ""
) -> Table:
    """Fill `upper` with what only `lower` has and return it.

    A null in `upper` deletes the key when `lower` has something there, or stays when `keep_nulls`
    is true.
    """
    # Helm first writes the nulls of `upper` into `lower`; that is what the later tables of a shared
    # map see.
    real = {key for key, value in lower.items() if value is not None}
    lower.update({key: None for key, value in upper.items() if value is None})
    for key, low in lower.items():
        if key not in upper:
            upper[key] = low
        elif upper[key] is None and key in real and not keep_nulls:
            del upper[key]
        else:
            place = _place(prefix, key)
            _overlay_value(upper[key], low, keep_nulls=keep_nulls, warn=warn, place=place)
    return upper


def _place(prefix: str, key: str) -> str:
    if prefix:
        return f"{prefix}.{key}"
    return key


def _overlay_value(upper: Any, lower: Any, *, keep_nulls: bool, warn: Warn, place: str) -> None:
    """Fill a value that both tables have, where both are tables themselves."""
    if isinstance(lower, dict):
        if isinstance(upper, dict):
            overlay(upper, lower, keep_nulls=keep_nulls, warn=warn, prefix=place)
        else:
            warn(f"warning: cannot overwrite table with non table for {place}")
    elif isinstance(upper, dict) and lower is not None:
        warn(f"warning: destination for {place} is a table. Ignoring non-table value")


def without_nulls(table: Table) -> Table:
    """Drop the null keys of a table and of the tables in it (not of lists), in place."""
    for key, value in list(table.items()):
        if value is None:
            del table[key]
        elif isinstance(value, dict):
            without_nulls(value)
    return table


def subtable(table: Table, path: str) -> Table | None:
    """The table at a dotted path, None where there is none."""
    node: Any = table
    for name in path.split("."):
        node = node.get(name) if isinstance(node, dict) else None
    if isinstance(node, dict):
        return node
    return None


def scalar(table: Table, path: str) -> tuple[bool, Any]:
    """Whether something that is no table lies at a dotted path, and what."""
    parent, _, key = path.rpartition(".")
    holder = subtable(table, parent) if parent else table
    if holder is None or key not in holder or isinstance(holder[key], dict):
        return False, None
    return True, holder[key]


def leaves(table: Table, prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key path with its value; a table is descended into, an empty one and a list count as a
    value."""
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*prefix, key))
        else:
            yield (*prefix, key), value


def dotted(path: tuple[str, ...]) -> str:
    """A key path as `--set` writes it: `a.b\\.c`."""
    return ".".join(part.replace(".", "\\.") for part in path)
