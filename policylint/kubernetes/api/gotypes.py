"""When two values are the same to the API server: Go's zero values, nil pointers and quantities.

The server compares decoded Go structs (`apiequality.Semantic.DeepEqual`): an empty list is no list,
`""` is no string where the field is a plain string, but `false` is something where it is a pointer
to a boolean. Schemas tell which struct fields are plain (they carry `default: {}`) and which plain
values are pointers (`Node.pointers`, from the Go types).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache, lru_cache
from typing import Final

from policylint.kubernetes.api.exact import exact
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.schemas import Node
from policylint.model import Json

ABSENT: Final = object()
"""What `normal` makes of a value that is the same as none."""

_PREFIXES = (
    "io.k8s.api.",
    "io.k8s.apimachinery.pkg.apis.",
    "io.k8s.apiextensions-apiserver.pkg.apis.",
    "io.k8s.kube-aggregator.pkg.apis.",
)


@cache
def struct(node: Node) -> str:
    """The struct a schema node stands for, as "core.v1.PodSpec"; "" where it has no name."""
    name = node.ref
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def same(node: Node | None, before: Json, after: Json) -> bool:
    """Whether two values of a field are equal to the API server."""
    if before is after:
        return True
    return alike(normal(node, before), normal(node, after))


def normal(node: Node | None, value: Json) -> Json:
    """A value without what says nothing (nulls, empty lists, zero values of plain fields); `ABSENT`
    for none."""
    if value is None:
        return ABSENT
    if isinstance(value, list):
        return _list(node, value)
    if isinstance(value, dict):
        if node and node.is_struct:
            return _struct(node, value)
        return _map(node, value)
    if node is not None and node.quantity:
        return _quantity(value)
    return value


def _list(node: Node | None, value: list[Json]) -> Json:
    items = node.items if node else None
    return [normal(items, item) for item in value] or ABSENT


def _quantity(value: str | float) -> Json:
    number = amount(value)
    if number is None:
        return value
    return number


@lru_cache(4096)
def amount(value: str | float) -> Fraction | None:
    """The exact number of a quantity; None where it is none."""
    return parse_quantity(value)


def _struct(node: Node, value: Mapping[str, Json]) -> Json:
    fields = {}
    for name, child in value.items():
        schema = node.properties.get(name)
        kept = normal(schema, child)
        if not _says_nothing(kept, node, name, schema):
            fields[name] = kept
    return fields


def _says_nothing(value: Json, node: Node, name: str, schema: Node | None) -> bool:
    """Whether a field's normal value is what Go has where the field is missing."""
    if value is ABSENT:
        return True
    if isinstance(value, dict):
        return not value and schema is not None and schema.default == {}
    return value in ("", 0, False) and name not in node.pointers


def _map(node: Node | None, value: Mapping[str, Json]) -> Json:
    values = node.additional if node else None
    entries = {key: normal(values, child) for key, child in value.items()}
    return {key: "" if child is ABSENT else child for key, child in entries.items()} or ABSENT


def alike(before: Json, after: Json) -> bool:
    """Equality that keeps true apart from 1."""
    if before is after:
        return True
    if before != after:  # Python's own equality is quick, and takes only true for 1
        return False
    return exact(before) == exact(after) or _alike(before, after)


def _alike(before: Json, after: Json) -> bool:
    """The same of equal values, part by part: the keys of mappings may stand in another order."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(_alike(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return all(map(_alike, before, after))
    return isinstance(before, bool) == isinstance(after, bool)
