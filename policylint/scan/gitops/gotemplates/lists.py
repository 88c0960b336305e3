"""sprig's functions on lists and maps, and on values of any type (list.go, dict.go, defaults.go,
reflect.go of Masterminds/sprig v3.3)."""

from __future__ import annotations

import json
from typing import Any

from policylint.runtime.gotexts import go_json
from policylint.scan.gitops.gotemplates.functions import Function
from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.texts import strings
from policylint.scan.gitops.gotemplates.values import (
    Unordered,
    copied,
    from_json,
    go_kind,
    go_type,
    is_true,
    same,
    shown,
)


def _entries(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TemplateError(f"a list is wanted, not {go_type(value)}")
    return value


def _default(fallback: Any, *values: Any) -> Any:
    return values[0] if values and is_true(values[0]) else fallback


def _coalesce(*values: Any) -> Any:
    return next(filter(is_true, values), None)


def _copy(value: Any) -> Any:
    if value is None:
        raise TemplateError("deepCopy of nil")
    return copied(value)


def _ternary(positive: Any, negative: Any, chooses: bool) -> Any:
    return positive if chooses else negative


def _dict(*pairs: Any) -> dict[str, Any]:
    keys = [shown(key) for key in pairs[::2]]
    values = list(pairs[1::2])
    return dict(zip(keys, values + [""] * (len(keys) - len(values)), strict=True))


def _set(table: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    table[key] = value
    return table


def _unset(table: dict[str, Any], key: str) -> dict[str, Any]:
    table.pop(key, None)
    return table


def _keys(*tables: dict[str, Any]) -> list[str]:
    return Unordered([key for table in tables for key in table])


def _pick(table: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: table[key] for key in keys if key in table}


def _omit(table: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in keys}


def _pluck(key: str, *tables: dict[str, Any]) -> list[Any]:
    return [table[key] for table in tables if key in table]


def _dig(*arguments: Any) -> Any:
    *keys, fallback, table = arguments
    if not all(isinstance(key, str) for key in keys):
        raise TemplateError("dig by what is no text")
    for key in keys:
        if not isinstance(table, dict):
            raise TemplateError(f"dig into {go_type(table)}")
        if key not in table:
            return fallback
        table = table[key]
    return table


def _merged(table: dict[str, Any], *sources: dict[str, Any]) -> dict[str, Any]:
    """merge: what is empty is filled in, with what is not nil."""
    for source in sources:
        for key, value in source.items():
            own = table.get(key)
            if own and isinstance(own, dict) and isinstance(value, dict):
                _merged(own, value)
            elif value is not None and not is_true(own):
                table[key] = copied(value)
    return table


def merged_over(table: dict[str, Any], *sources: dict[str, Any]) -> dict[str, Any]:
    """mergeOverwrite: what the sources say lies over what is there."""
    for source in sources:
        for key, value in source.items():
            own = table.get(key)
            if isinstance(own, dict) and isinstance(value, dict):
                merged_over(own, value)
            else:
                table[key] = copied(value)
    return table


def _without(value: Any, *omitted: Any) -> list[Any]:
    return [entry for entry in _entries(value) if not _is_in(entry, list(omitted))]


def _is_in(needle: Any, haystack: list[Any]) -> bool:
    return any(same(needle, entry) for entry in haystack)


def _has(needle: Any, haystack: Any) -> bool:
    return haystack is not None and _is_in(needle, _entries(haystack))


def _unique(value: Any) -> list[Any]:
    result: list[Any] = []
    for entry in _entries(value):
        if not _is_in(entry, result):
            result.append(entry)
    return result


def _sorted(value: Any) -> list[str]:
    if not isinstance(value, list):
        return [shown(value)]
    return sorted(strings(value), key=str.encode)


def _sliced(value: Any, *bounds: Any) -> Any:
    entries = _entries(value)
    start, end, *_ = [*map(int, bounds), len(entries)] if bounds else [0, len(entries)]
    if not 0 <= start <= end <= len(entries):
        raise TemplateError("a slice beyond the list")
    return entries[start:end] if entries else None


def _concatenated(*lists: Any) -> list[Any]:
    return [entry for value in lists for entry in _entries(value)]


def _type(value: Any) -> str:
    if isinstance(value, list | dict):
        raise TemplateError("the type of a list or a map is not known here")
    return go_type(value)


def _json(value: Any) -> str:
    return go_json(_ordered(value))


def _ordered(value: Any) -> Any:
    """A value with its keys sorted, as encoding/json writes a map."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_ordered(entry) for entry in value]
    return value


def _from_json(text: str) -> Any:
    try:
        return from_json(json.loads(text))
    except (ValueError, RecursionError):
        raise TemplateError("fromJson of what is no JSON") from None


LISTS = {
    "default": Function("a*a", _default),
    "coalesce": Function("*a", _coalesce),
    "empty": Function("a", lambda value: not is_true(value)),
    "all": Function("*a", lambda *values: all(map(is_true, values))),
    "any": Function("*a", lambda *values: any(map(is_true, values))),
    "ternary": Function("aab", _ternary),
    "deepCopy": Function("a", _copy),
    "dict": Function("*a", _dict),
    "get": Function("ms", lambda table, key: table.get(key, "")),
    "set": Function("msa", _set),
    "unset": Function("ms", _unset),
    "hasKey": Function("ms", lambda table, key: key in table),
    "keys": Function("*m", _keys),
    "values": Function("m", lambda table: Unordered(table.values())),
    "pick": Function("m*s", _pick),
    "omit": Function("m*s", _omit),
    "pluck": Function("s*m", _pluck),
    "dig": Function("aaa*a", _dig),
    "merge": Function("m*m", _merged),
    "mergeOverwrite": Function("m*m", merged_over),
    "list": Function("*a", lambda *entries: list(entries)),
    "tuple": Function("*a", lambda *entries: list(entries)),
    "append": Function("aa", lambda value, entry: [*_entries(value), entry]),
    "push": Function("aa", lambda value, entry: [*_entries(value), entry]),
    "prepend": Function("aa", lambda value, entry: [entry, *_entries(value)]),
    "first": Function("a", lambda value: next(iter(_entries(value)), None)),
    "last": Function("a", lambda value: next(reversed(_entries(value)), None)),
    "rest": Function("a", lambda value: _entries(value)[1:]),
    "initial": Function("a", lambda value: _entries(value)[:-1]),
    "reverse": Function("a", lambda value: _entries(value)[::-1]),
    "compact": Function("a", lambda value: list(filter(is_true, _entries(value)))),
    "uniq": Function("a", _unique),
    "without": Function("a*a", _without),
    "has": Function("aa", _has),
    "sortAlpha": Function("a", _sorted),
    "slice": Function("a*a", _sliced),
    "concat": Function("*a", _concatenated),
    "toJson": Function("a", _json),
    "fromJson": Function("s", _from_json),
    "kindOf": Function("a", go_kind),
    "kindIs": Function("sa", lambda kind, value: kind == go_kind(value)),
    "typeOf": Function("a", _type),
    "typeIs": Function("sa", lambda name, value: name == _type(value)),
    "deepEqual": Function("aa", same),
}
