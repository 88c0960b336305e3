"""What the API server makes of a custom resource before it validates it: pruning, nulls, defaults.

Source: apiextensions-apiserver pkg/apiserver/schema/{pruning,defaulting}; objects given are never
changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from policylint.model import Json, Object

_META = ("apiVersion", "kind", "metadata")


def pruned(value: Json, schema: Object, root: bool = True) -> Json:
    """The value without the fields that the schema does not declare."""
    return _pruned(value, schema, embedded=root)


def _pruned(value: Json, schema: Object | None, embedded: bool = False) -> Json:
    preserve = bool(schema) and bool((schema or {}).get("x-kubernetes-preserve-unknown-fields"))
    if isinstance(value, list):
        items = (schema or {}).get("items")
        if preserve and not isinstance(items, Mapping):
            return value
        return [_pruned(item, items if isinstance(items, Mapping) else None) for item in value]
    if not isinstance(value, Mapping):
        return value
    embedded = embedded or bool((schema or {}).get("x-kubernetes-embedded-resource"))
    kept = {}
    for name, item in value.items():
        child = child_schema(schema, name)
        if embedded and name in _META:
            kept[name] = item
        elif child is not None:
            kept[name] = _pruned(item, child)
        elif preserve or (schema or {}).get("additionalProperties") is True:
            kept[name] = item
    return kept


def unknown_fields(value: Json, schema: Object, path: str = "", root: bool = True) -> list[str]:
    """The paths of the fields that the schema does not declare ("spec.colour"), sorted."""
    found: list[str] = []
    _collect(value, schema, path, root, found)
    return sorted(found)


def _collect(value: Json, schema: Object, path: str, embedded: bool, found: list[str]) -> None:
    preserve = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    if isinstance(value, list):
        items = schema.get("items")
        for at, item in enumerate(value):
            if isinstance(items, Mapping):
                _collect(item, items, f"{path}[{at}]", False, found)
        return
    if not isinstance(value, Mapping):
        return
    embedded = embedded or bool(schema.get("x-kubernetes-embedded-resource"))
    for name, item in value.items():
        if embedded and name in _META:
            continue
        child = child_schema(schema, name)
        if child is not None:
            _collect(item, child, f"{path}.{name}" if path else name, False, found)
        elif not preserve and schema.get("additionalProperties") is not True:
            found.append(f"{path}.{name}" if path else name)


def child_schema(schema: Object | None, name: str) -> Object | None:
    """The schema of a field, declared or by `additionalProperties`."""
    if schema is None:
        return None
    found = (schema.get("properties") or {}).get(name)
    if found is None:
        found = schema.get("additionalProperties")
    return found if isinstance(found, Mapping) else None


def without_nulls(value: Json, schema: Object | None) -> Json:
    """The value without nulls where the schema neither allows them nor has a default."""
    if isinstance(value, list):
        items = (schema or {}).get("items")
        return [
            without_nulls(item, items if isinstance(items, Mapping) else None) for item in value
        ]
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for name, item in value.items():
        child = child_schema(schema, name)
        if (
            item is None
            and child is not None
            and not child.get("nullable")
            and child.get("default") is None
        ):
            continue
        kept[name] = without_nulls(item, child)
    return kept


def defaulted(value: Json, schema: Object | None) -> Json:
    """The value with the schema's defaults where fields are absent, or null without being
    nullable."""
    if schema is None:
        return value
    if isinstance(value, list):
        items = schema.get("items")
        return [
            _default_item(item, items if isinstance(items, Mapping) else None) for item in value
        ]
    if not isinstance(value, Mapping):
        return value
    made = dict(value)
    for name, child in (schema.get("properties") or {}).items():
        default = child.get("default")
        if default is not None and (
            name not in made or (made[name] is None and not child.get("nullable"))
        ):
            made[name] = deepcopy(default)
    additional = schema.get("additionalProperties")
    for name, item in made.items():
        declared = (schema.get("properties") or {}).get(name)
        if declared is not None:
            made[name] = defaulted(item, declared)
        elif isinstance(additional, Mapping):
            made[name] = _default_item(item, additional)
    return made


def _default_item(item: Json, schema: Object | None) -> Json:
    if (
        item is None
        and schema is not None
        and not schema.get("nullable")
        and schema.get("default") is not None
    ):
        item = deepcopy(schema["default"])
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
        return None if not new and schema.get("x-kubernetes-list-type") in ("set", "map") else new
    if not isinstance(new, Mapping) or schema.get("x-kubernetes-map-type") == "atomic":
        return new
    if not new:
        return None if schema.get("properties") or schema.get("additionalProperties") else new
    return {
        name: emptied(item, old.get(name), child_schema(schema, name)) for name, item in new.items()
    }
