"""Which old value a new one is compared with: fields by name, items of map lists by their keys,
nothing else.

Source: k8s.io/apiserver pkg/cel/common (CorrelatedObject, MapList); what is not correlatable is
None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from policylint.kubernetes.crds.prepare import child_schema
from policylint.model import Json, Object


class Pair(Struct, frozen=True):
    """A new value with the old value and the schema that belong to it."""

    new: Json
    old: Json
    schema: Object

    @property
    def same(self) -> bool:
        """Whether the two are equal: lists of type map item by item, others as they stand."""
        new, old = self.new, self.old
        if new is None or old is None:
            return new is None and old is None
        if isinstance(new, list) and isinstance(old, list):
            return self._same_lists()
        if isinstance(new, Mapping) and isinstance(old, Mapping):
            return new.keys() == old.keys() and all(map(self._same_field, new))
        return type(new) is type(old) and bool(new == old)

    def _same_lists(self) -> bool:
        if len(self.new) != len(self.old):
            return False
        if self.schema.get("x-kubernetes-list-type") != "map":
            return bool(self.new == self.old)
        return all(pair is not None and pair.same for pair in self.items())

    def _same_field(self, name: str) -> bool:
        pair = self.field(name)
        if pair is not None:
            return pair.same
        return bool(self.new[name] == self.old[name])

    def field(self, name: str) -> Pair | None:
        """The pair of a field; None where either side lacks it or the schema does not know it."""
        child = child_schema(self.schema, name)
        if child is None or not (isinstance(self.new, Mapping) and isinstance(self.old, Mapping)):
            return None
        if name not in self.new or name not in self.old:
            return None
        return Pair(self.new[name], self.old[name], child)

    def items(self) -> Iterator[Pair | None]:
        """The pairs of a list's items: None in any list but one of type map, and for an item whose
        keys are new."""
        schema = self.schema.get("items")
        for item, old in zip(self.new, old_items(self.schema, self.new, self.old), strict=True):
            if old is None or not isinstance(schema, Mapping):
                yield None
            else:
                yield Pair(item, old, schema)


def old_items(schema: Object, new: Sequence[Json], old: Json) -> Iterator[Json]:
    """For each item of a list of type map the old item with the same keys; None otherwise.

    The old list is indexed once: a search for each item would take quadratic time.
    """
    keyed = schema.get("x-kubernetes-list-type") == "map" and isinstance(old, list)
    by_key: dict[tuple[Json, ...], Json] = {}
    for item in old if keyed else ():
        key = item_key(schema, item)
        if key is not None:
            by_key.setdefault(key, item)  # of two with the same keys the server takes the first
    for item in new:
        key = item_key(schema, item) if keyed else None
        yield by_key.get(key) if key is not None else None


def item_key(schema: Object, item: Json) -> tuple[Json, ...] | None:
    """An item's values of the list's keys, each with its type; None for what is no object or lacks
    a key."""
    if not isinstance(item, Mapping):
        return None
    values = [item.get(name) for name in schema.get("x-kubernetes-list-map-keys") or ()]
    if not all(isinstance(value, str | int | float) for value in values):
        return None
    return tuple((type(value).__name__, value) for value in values)
