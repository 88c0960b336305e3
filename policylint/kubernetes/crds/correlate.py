"""Which old value a new one is compared with: fields by name, items of map lists by their keys,
nothing else.

Source: k8s.io/apiserver pkg/cel/common (CorrelatedObject, MapList); what is not correlatable is
None.
"""

from __future__ import annotations

from collections.abc import Mapping

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
        if self.new is None or self.old is None:
            return self.new is None and self.old is None
        if isinstance(self.new, list) and isinstance(self.old, list):
            return self._same_lists()
        if isinstance(self.new, Mapping) and isinstance(self.old, Mapping):
            return self.new.keys() == self.old.keys() and all(
                _same_field(self, name) for name in self.new
            )
        return type(self.new) is type(self.old) and bool(self.new == self.old)

    def _same_lists(self) -> bool:
        if len(self.new) != len(self.old):
            return False
        if self.schema.get("x-kubernetes-list-type") != "map":
            return bool(self.new == self.old)
        pairs = [self.item(at) for at in range(len(self.new))]
        return all(pair is not None and pair.same for pair in pairs)

    def field(self, name: str) -> Pair | None:
        """The pair of a field; None where either side lacks it or the schema does not know it."""
        child = child_schema(self.schema, name)
        if child is None or not (isinstance(self.new, Mapping) and isinstance(self.old, Mapping)):
            return None
        return (
            Pair(self.new[name], self.old[name], child)
            if name in self.new and name in self.old
            else None
        )

    def item(self, at: int) -> Pair | None:
        """The pair of an item of a map list; None in any other list, or where its keys are new."""
        items = self.schema.get("items")
        old = old_item(self.schema, self.new[at], self.old)
        return (
            None
            if old is None or not isinstance(items, Mapping)
            else Pair(self.new[at], old, items)
        )


def _same_field(pair: Pair, name: str) -> bool:
    found = pair.field(name)
    return pair.new[name] == pair.old[name] if found is None else found.same


def old_item(schema: Object, item: Json, old: Json) -> Json:
    """The old item with the same keys in a list of type map; None otherwise."""
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return None
    key = item_key(schema, item)
    return next(
        (other for other in old if key is not None and item_key(schema, other) == key), None
    )


def item_key(schema: Object, item: Json) -> tuple[Json, ...] | None:
    """An item's values of the list's keys, each with its type; None for what is no object or lacks
    a key."""
    names = schema.get("x-kubernetes-list-map-keys") or ()
    if not isinstance(item, Mapping) or not all(
        isinstance(item.get(name), str | int | float) for name in names
    ):
        return None
    return tuple((type(item[name]).__name__, item[name]) for name in names)
