"""What the API server makes of a custom resource before it validates it: pruning, nulls, defaults.

Source: apiextensions-apiserver pkg/apiserver/schema/{pruning,defaulting}; objects given are never
changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy

from policylint.model import Json, Object

_META = ("apiVersion", "kind", "metadata")


def pruned(value: Json, schema: Object, root: bool = True) -> Json:
    """The value without the fields that the schema does not declare."""
    return _pruned(value, schema, embedded=root)


def _pruned(value: Json, schema: Object | None, embedded: bool = False) -> Json:
    schema = schema or {}
    if isinstance(value, list):
        return _pruned_items(value, schema)
    if not isinstance(value, Mapping):
        return value
    embedded = embedded or bool(schema.get("x-kubernetes-embedded-resource"))
    keeps = _keeps_unknown(schema)
    kept = {}
    for name, item in value.items():
        child = child_schema(schema, name)
        if embedded and name in _META:
            kept[name] = item
        elif child is not None:
            kept[name] = _pruned(item, child)
        elif keeps:
            kept[name] = item
    return kept


def _pruned_items(items: list[Json], schema: Object) -> list[Json]:
    child = item_schema(schema)
    if child is None and _preserves(schema):
        return items
    return [_pruned(item, child) for item in items]


def _keeps_unknown(schema: Object) -> bool:
    return _preserves(schema) or schema.get("additionalProperties") is True


def _preserves(schema: Object) -> bool:
    return bool(schema.get("x-kubernetes-preserve-unknown-fields"))


def unknown_fields(value: Json, schema: Object, path: str = "", root: bool = True) -> list[str]:
    """The paths of the fields that the schema does not declare ("spec.colour"), sorted."""
    return sorted(_unknown_fields(value, schema, path, root))


def _unknown_fields(value: Json, schema: Object, path: str, embedded: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        embedded = embedded or bool(schema.get("x-kubernetes-embedded-resource"))
        for name, item in value.items():
            if not (embedded and name in _META):
                yield from _unknown_field(name, item, schema, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for at, item in enumerate(value):
            yield from _unknown_fields(item, schema["items"], f"{path}[{at}]", False)


def _unknown_field(name: str, value: Json, schema: Object, path: str) -> Iterator[str]:
    child = child_schema(schema, name)
    if child is not None:
        yield from _unknown_fields(value, child, path, False)
    elif not _keeps_unknown(schema):
        yield path


def child_schema(schema: Object | None, name: str) -> Object | None:
    """The schema of a field, declared or by `additionalProperties`."""
    if schema is None:
        return None
    child = (schema.get("properties") or {}).get(name)
    if child is None:
        child = schema.get("additionalProperties")
    if isinstance(child, Mapping):
        return child
    return None


def without_nulls(value: Json, schema: Object | None) -> Json:
    """The value without nulls where the schema neither allows them nor has a default."""
    if isinstance(value, list):
        items = item_schema(schema)
        return [without_nulls(item, items) for item in value]
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for name, item in value.items():
        child = child_schema(schema, name)
        if item is not None or _takes_null(child):
            kept[name] = without_nulls(item, child)
    return kept


def _takes_null(schema: Object | None) -> bool:
    """Whether a null stays: it is allowed, nothing is known of the field, or a default replaces
    it."""
    return schema is None or bool(schema.get("nullable")) or schema.get("default") is not None


def item_schema(schema: Object | None) -> Object | None:
    """The schema of a list's items."""
    items = (schema or {}).get("items")
    if isinstance(items, Mapping):
        return items
    return None


def defaulted(value: Json, schema: Object | None) -> Json:
    """The value with the schema's defaults where fields are absent, or null without being
    nullable."""
    if schema is None:
        return value
    if isinstance(value, list):
        items = item_schema(schema)
        return [_default_item(item, items) for item in value]
    if isinstance(value, Mapping):
        return _default_fields(value, schema)
    return value


def _default_fields(value: Object, schema: Object) -> dict[str, Json]:
    properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
    fields = dict(value)
    for name, child in properties.items():
        if (child or {}).get("default") is not None and _is_lacking(fields, name, child):
            fields[name] = deepcopy(child["default"])
    for name, item in fields.items():
        if name in properties:
            fields[name] = defaulted(item, properties[name])
        elif isinstance(additional, Mapping):
            fields[name] = _default_item(item, additional)
    return fields


def _is_lacking(fields: Object, name: str, schema: Object) -> bool:
    return name not in fields or (fields[name] is None and not schema.get("nullable"))


def _default_item(item: Json, schema: Object | None) -> Json:
    if item is None and schema is not None and not schema.get("nullable"):
        item = deepcopy(schema.get("default"))
    return defaulted(item, schema)


def emptied(new: Json, old: Json, schema: Object | None) -> Json:
    """`new` as server-side apply leaves it: a map or keyed list all of whose old content was
    removed becomes null.

    Source: structured-merge-diff's removal of what a manager no longer applies, recorded in
    fixtures/oracle.
    """
    if schema is None or not old or type(new) is not type(old):
        return new
    if isinstance(new, list):
        keyed = schema.get("x-kubernetes-list-type") in ("set", "map")
        if keyed and not new:
            return None
        return new
    if isinstance(new, Mapping) and schema.get("x-kubernetes-map-type") != "atomic":
        return _emptied_map(new, old, schema)
    return new


def _emptied_map(new: Object, old: Object, schema: Object) -> Json:
    if not new:
        declared = schema.get("properties") or schema.get("additionalProperties")
        if declared:
            return None
        return new
    return {
        name: emptied(item, old.get(name), child_schema(schema, name)) for name, item in new.items()
    }
