"""What a schema must say to use `x-kubernetes-list-type` and `x-kubernetes-map-type`.

Source: apiextensions-apiserver pkg/apis/apiextensions/validation.
"""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import forbidden, invalid, required, unsupported
from policylint.kubernetes.crds.structural import subschema
from policylint.model import Cause, Object

_KEYS = "this property is in x-kubernetes-list-map-keys, so it"


def list_causes(schema: Object, path: str) -> Iterator[Cause]:
    """The errors of a schema node's list and map types."""
    map_type, list_type = schema.get("x-kubernetes-map-type"), schema.get("x-kubernetes-list-type")
    if map_type is not None:
        yield from _typed(schema, path, "object", "x-kubernetes-map-type")
        if map_type not in ("atomic", "granular"):
            yield unsupported(f"{path}.x-kubernetes-map-type", map_type, ("atomic", "granular"))
    if list_type is not None:
        wrong = list(_typed(schema, path, "array", "x-kubernetes-list-type"))
        yield from wrong or (_set_items(schema, path) if list_type == "set" else ())
        if list_type not in ("atomic", "set", "map"):
            yield unsupported(f"{path}.x-kubernetes-list-type", list_type, ("atomic", "set", "map"))
    if list_type == "map":
        yield from _map_list(schema, path)
    elif schema.get("x-kubernetes-list-map-keys"):
        yield from _stray_keys(list_type, f"{path}.x-kubernetes-list-type")
    if list_type in ("set", "map"):
        yield from _keys(schema, path, list_type)


def _stray_keys(list_type: str | None, path: str) -> Iterator[Cause]:
    text = "must be map if x-kubernetes-list-map-keys is non-empty"
    yield required(path, text) if list_type is None else invalid(path, list_type, text)


def _typed(schema: Object, path: str, wanted: str, keyword: str) -> Iterator[Cause]:
    kind = schema.get("type")
    if kind == wanted:
        return
    text = f"must be {wanted} if {keyword} is specified"
    yield invalid(f"{path}.type", kind, text) if kind else required(f"{path}.type", text)


def _set_items(schema: Object, path: str) -> Iterator[Cause]:
    items = subschema(schema.get("items"))
    if items is None:
        return
    text = "must be atomic as item of a list with x-kubernetes-list-type=set"
    kind, list_type = items.get("type"), items.get("x-kubernetes-list-type")
    if kind == "array" and list_type not in (None, "atomic"):
        yield invalid(f"{path}.items.x-kubernetes-list-type", list_type, text)
    if kind == "object" and items.get("x-kubernetes-map-type") != "atomic":
        yield invalid(f"{path}.items.x-kubernetes-map-type", list_type, text)


def _map_list(schema: Object, path: str) -> Iterator[Cause]:
    keys, items = schema.get("x-kubernetes-list-map-keys") or [], schema.get("items")
    if not keys:
        text = "must not be empty if x-kubernetes-list-type is map"
        yield required(f"{path}.x-kubernetes-list-map-keys", text)
    if not items:
        yield required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
        return
    element = subschema(items)
    if element is None:
        yield invalid(
            f"{path}.items",
            items,
            "must only have a single schema if x-kubernetes-list-type is map",
        )
    elif element.get("type") != "object":
        text = "must be object if parent array's x-kubernetes-list-type is map"
        yield invalid(f"{path}.items.type", element.get("type") or "", text)
    else:
        yield from _key_fields(keys, element, path)


def _key_fields(keys: list[str], items: Object, path: str) -> Iterator[Cause]:
    properties, where = items.get("properties") or {}, f"{path}.x-kubernetes-list-map-keys"
    for at, key in enumerate(keys):
        if key not in properties:
            yield invalid(where, keys, "entries must all be names of item properties")
        elif properties[key].get("type") in ("array", "object"):
            text = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield invalid(f"{path}.items.properties[{key}].type", items.get("type"), text)
        if key in keys[:at]:
            yield invalid(where, keys, "must not contain duplicate entries")


def _keys(schema: Object, path: str, list_type: str) -> Iterator[Cause]:
    items = subschema(schema.get("items"))
    if items is None:
        return
    if items.get("nullable"):
        yield forbidden(
            f"{path}.items.nullable",
            f"cannot be nullable when x-kubernetes-list-type is {list_type}",
        )
    if list_type == "map":
        for key in schema.get("x-kubernetes-list-map-keys") or ():
            yield from _key_values(key, items, f"{path}.items.properties[{key}]")


def _key_values(key: str, items: Object, path: str) -> Iterator[Cause]:
    """The keys of an item must always be there: required, or filled in by a default."""
    field = (items.get("properties") or {}).get(key)
    if field is None:
        return
    if key not in (items.get("required") or ()) and field.get("default") is None:
        yield required(f"{path}.default", f"{_KEYS} must have a default or be a required property")
    if field.get("nullable"):
        yield forbidden(f"{path}.nullable", f"{_KEYS} cannot be nullable")
