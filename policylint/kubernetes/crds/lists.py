"""Duplicates in lists of type set and map."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.fielderrors import duplicate, invalid
from policylint.kubernetes.crds.prepare import child_schema
from policylint.kubernetes.crds.structural import subschema
from policylint.model import Cause, Json, Object


def duplicates(value: Json, schema: Object | None, path: str = "") -> Iterator[Cause]:
    """The second of each pair of equal items, set items by value and map items by their keys."""
    if schema is None:
        return
    if isinstance(value, list):
        yield from _list_duplicates(value, schema, path)
    elif isinstance(value, Mapping):
        declared = schema.get("properties") or {}
        for name, item in value.items():
            where = f"{path}[{name}]"
            if name in declared:
                where = f"{path}.{name}" if path else name
            yield from duplicates(item, child_schema(schema, name), where)


def _list_duplicates(items: list[Json], schema: Object, path: str) -> Iterator[Cause]:
    kind = schema.get("x-kubernetes-list-type")
    if kind in ("set", "map"):
        yield from _repeated(items, schema, path, keyed=kind == "map")
    item_schema = subschema(schema.get("items"))
    for at, item in enumerate(items):
        yield from duplicates(item, item_schema, f"{path}[{at}]")


def _repeated(items: list[Json], schema: Object, path: str, keyed: bool) -> Iterator[Cause]:
    seen: dict[str, int] = {}
    for at, item in enumerate(items):
        if keyed and item is not None and not isinstance(item, Mapping):
            yield invalid(f"{path}[{at}]", item, "must be an object for an array of list-type map")
            return
        key = _key(item or {}, schema) if keyed else item
        text = json.dumps(key, sort_keys=True, default=str)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:
            yield duplicate(f"{path}[{at}]", key)


def _key(item: Object, schema: Object) -> dict[str, Json]:
    return {
        name: item[name] for name in schema.get("x-kubernetes-list-map-keys") or () if name in item
    }
