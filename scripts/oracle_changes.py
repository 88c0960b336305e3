"""The smallest changes of an object: each leaf, list and map of it, and each optional field its
schema has besides."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SKIPPED = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"), ("status",)}
DEEPEST = 5
"""How deep a value that is made up for a new field may be."""

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Change:
    """One way to change an object: the operation, where, and the values to try, the first that is
    valid counts."""

    op: str  # add | remove | change | add-item | remove-item | reorder
    path: Path
    values: tuple[Any, ...] = ()

    def made(self, body: Any) -> Iterator[Any]:
        """The changed objects, one for each value."""
        for value in self.values or (None,):
            after = copy.deepcopy(body)
            holder = after
            for step in self.path[:-1]:
                holder = holder[step]
            if self.op == "remove":
                del holder[self.path[-1]]
            else:
                holder[self.path[-1]] = value
            yield after


class Schema:
    """One node of a published OpenAPI v3 document, references followed."""

    def __init__(self, raw: Mapping[str, Any], named: Mapping[str, Any]) -> None:
        self.named = named
        while "$ref" in raw or len(raw.get("allOf", ())) == 1:
            reference = raw.get("$ref") or raw["allOf"][0].get("$ref", "")
            raw = named.get(reference.rpartition("/")[2], {})
        self.raw = raw

    def child(self, name: str) -> "Schema":
        """The schema of a field."""
        raw = self.raw.get("properties", {}).get(name) or self.raw.get("additionalProperties") or {}
        return Schema(raw if isinstance(raw, Mapping) else {}, self.named)

    @property
    def items(self) -> "Schema":
        """The schema of a list's items."""
        return Schema(self.raw.get("items", {}), self.named)

    def values(self, depth: int = 0) -> tuple[Any, ...]:
        """Small values that may be valid, likeliest first."""
        kind = self.raw.get("type", "string" if "oneOf" in self.raw else "object")
        if self.raw.get("enum"):
            return tuple(self.raw["enum"])
        if kind == "string":
            return ("changed", "1", "10Mi", "example.com/changed", "/changed", "10.0.0.1")
        if kind in ("integer", "number"):
            return (1, 0, 2, 1000)
        if kind == "boolean":
            return (True, False)
        if kind == "array":
            return tuple([value] for value in self._below(self.items, depth, 2))
        return (self._filled(depth),)

    def _below(self, schema: "Schema", depth: int, most: int) -> tuple[Any, ...]:
        return schema.values(depth + 1)[:most] if depth < DEEPEST else ()

    def _filled(self, depth: int) -> dict[str, Any]:
        """An object with the fields that are required."""
        filled = {}
        for name in self.raw.get("required", ()):
            for value in self._below(self.child(name), depth, 1):
                filled[name] = value
        return filled


def changes(body: Any, schema: Schema, path: Path = ()) -> Iterator[Change]:
    """Every small change of an object below a path, in the order of its fields."""
    if path in SKIPPED or not isinstance(body, Mapping):
        return
    for name, value in body.items():
        yield from _of_field(value, schema.child(name), (*path, name))
    known = schema.raw.get("properties", {})
    if path[:1] != ("metadata",):
        yield from _additions(schema, path, [name for name in known if name not in body])
    if not known and path:
        yield Change("add", (*path, "zz-new"), schema.child("zz-new").values() or ("new",))


def _additions(schema: Schema, path: Path, names: list[str]) -> Iterator[Change]:
    for name in names:
        if (*path, name) not in SKIPPED:
            yield Change("add", (*path, name), schema.child(name).values())


def _of_field(value: Any, schema: Schema, path: Path) -> Iterator[Change]:
    if path in SKIPPED:
        return
    if len(path) > 1:
        yield Change("remove", path)
    if isinstance(value, Mapping):
        yield from changes(value, schema, path)
    elif isinstance(value, list):
        yield from _of_list(value, schema, path)
    else:
        changed = [candidate for candidate in _alternatives(value, schema) if candidate != value]
        yield Change("change", path, tuple(changed))


def _of_list(value: list[Any], schema: Schema, path: Path) -> Iterator[Change]:
    extra = schema.items.values()
    if extra:
        yield Change("add-item", path, tuple([*value, item] for item in extra))
    if len(value) > 1:
        yield Change("reorder", path, (value[::-1],))
        yield Change("remove-item", path, (value[:-1],))
    for index, item in enumerate(value):
        if isinstance(item, Mapping):
            yield from changes(item, schema.items, (*path, index))


def _alternatives(value: Any, schema: Schema) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1, value * 2)
    return (f"{value}x", *schema.values())
