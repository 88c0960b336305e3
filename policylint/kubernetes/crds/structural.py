"""Whether a CRD's schema is structural, as apiextensions.k8s.io/v1 requires.

Source: apiextensions-apiserver pkg/apiserver/schema (ValidateStructural): every value has a type,
what is said in allOf, anyOf, oneOf and not only restricts what is declared outside of them,
metadata is left to Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.cel.regex import compiled
from policylint.cel.values import CelError, CelUnsupported
from policylint.kubernetes.api.fielderrors import forbidden, invalid, required
from policylint.model import Cause, Json, Object

_EMPTY_TYPE = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_NESTED = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)


def validate_structural(schema: Object, path: str) -> list[Cause]:
    """The reasons why a schema is not structural, sorted as the server sorts them."""
    causes = [*_invariants(schema, path, "root"), *_completeness(schema, schema, path, path)]
    return sorted(causes, key=lambda cause: (cause.field, cause.message))


def subschema(value: Json) -> Object | None:
    """A value where it is a schema; None for booleans and lists."""
    if isinstance(value, Mapping):
        return value
    return None


def _invariants(schema: Object, path: str, level: str) -> Iterator[Cause]:
    items, additional = subschema(schema.get("items")), schema.get("additionalProperties")
    if schema.get("type") == "array" and not schema.get("items"):
        yield required(f"{path}.items", "must be specified")
    if items is not None:
        yield from _invariants(items, f"{path}.items", "item")
    for name, child in (schema.get("properties") or {}).items():
        yield from _invariants(child, f"{path}.properties[{name}]", "field")
    if additional is not None and level == "root":
        yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if isinstance(additional, Mapping):
        yield from _invariants(additional, f"{path}.additionalProperties", "field")
    yield from _extensions(schema, path)
    yield from _value_validation(schema, path, skips=_skips(schema))
    yield from _type(schema, path, level)
    yield from _metadata(schema, path, level)


def _extensions(schema: Object, path: str) -> Iterator[Cause]:
    if not schema.get("x-kubernetes-int-or-string"):
        return
    for name in ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"):
        if schema.get(name):
            yield invalid(
                f"{path}.{name}", True, "must be false if x-kubernetes-int-or-string is true"
            )


def _type(schema: Object, path: str, level: str) -> Iterator[Cause]:
    kind = schema.get("type")
    if schema.get("x-kubernetes-embedded-resource"):
        yield from _embedded(schema, path)
    elif not kind and not _may_lack_type(schema):
        yield required(f"{path}.type", _EMPTY_TYPE[level])
    if level == "root" and kind and kind != "object":
        yield invalid(f"{path}.type", kind, "must be object at the root")


def _may_lack_type(schema: Object) -> bool:
    preserves = schema.get("x-kubernetes-preserve-unknown-fields")
    return bool(preserves or schema.get("x-kubernetes-int-or-string"))


def _embedded(schema: Object, path: str) -> Iterator[Cause]:
    kind = schema.get("type")
    text = "must be object if x-kubernetes-embedded-resource is true"
    if not kind:
        yield required(f"{path}.type", text)
    elif kind != "object":
        yield invalid(f"{path}.type", kind, text)
    if schema.get("additionalProperties") is not None:
        text = "must not be used if x-kubernetes-embedded-resource is set"
        yield forbidden(f"{path}.additionalProperties", text)
    preserves = schema.get("x-kubernetes-preserve-unknown-fields")
    if not preserves and not schema.get("properties"):
        text = (
            "must not be empty if x-kubernetes-embedded-resource is true without "
            "x-kubernetes-preserve-unknown-fields"
        )
        yield required(f"{path}.properties", text)


def _metadata(schema: Object, path: str, level: str) -> Iterator[Cause]:
    """The fields that Kubernetes itself declares for every resource."""
    properties = schema.get("properties") or {}
    where = f"{path}.properties[metadata]"
    if level == "root" or schema.get("x-kubernetes-embedded-resource"):
        for name, kind in _RESOURCE_FIELDS.items():
            yield from _declared_as(kind, properties.get(name), f"{path}.properties[{name}]")
    metadata = properties.get("metadata")
    if metadata is not None and level == "root" and not _only_names(metadata):
        text = (
            "must not specify anything other than name and generateName, but metadata is "
            "implicitly specified"
        )
        yield forbidden(where, text)


_RESOURCE_FIELDS = {"kind": "string", "apiVersion": "string", "metadata": "object"}


def _declared_as(kind: str, schema: Object | None, path: str) -> Iterator[Cause]:
    if schema is not None and schema.get("type") != kind:
        yield invalid(f"{path}.type", schema.get("type") or "", f"must be {kind}")


def _only_names(metadata: Object) -> bool:
    rest = {
        name: value
        for name, value in metadata.items()
        if name not in ("type", "default", "properties") and value
    }
    return not rest and set(metadata.get("properties") or {}) <= {"name", "generateName"}


def _skips(schema: Object) -> tuple[bool, bool]:
    """Which of the two ways to write int-or-string a schema uses: anyOf, or anyOf within the first
    allOf."""
    first: Object = next(iter(schema.get("allOf") or ()), {})
    return _int_or_string(schema), _int_or_string(first)


def _int_or_string(schema: Object) -> bool:
    return [_set(part) for part in schema.get("anyOf") or ()] == _INT_OR_STRING


def _set(part: Object) -> dict[str, Json]:
    """A part without what Go takes for not set."""
    unset = {
        name
        for name, value in part.items()
        if value in (None, "") or (value is False and name != "default")
    }
    return {
        name: value
        for name, value in part.items()
        if name not in unset and (name, value) != ("items", [])
    }


def _value_validation(
    schema: Object, path: str, skips: tuple[bool, bool] = (False, False)
) -> Iterator[Cause]:
    if not skips[0]:
        for at, part in enumerate(schema.get("anyOf") or ()):
            yield from _nested(part, f"{path}.anyOf[{at}]")
    for at, part in enumerate(schema.get("allOf") or ()):
        yield from _nested(part, f"{path}.allOf[{at}]", skip_any_of=skips[1] and at == 0)
    for at, part in enumerate(schema.get("oneOf") or ()):
        yield from _nested(part, f"{path}.oneOf[{at}]")
    yield from _not(schema.get("not"), f"{path}.not")
    if schema.get("pattern"):
        yield from _pattern(schema["pattern"], f"{path}.pattern")


def _not(schema: Object | None, path: str) -> Iterator[Cause]:
    if schema is not None:
        yield from _nested(schema, path)


def _pattern(pattern: str, path: str) -> Iterator[Cause]:
    problem = _bad_pattern(pattern)
    if problem:
        text = f"must be a valid regular expression, but isn't: {problem}"
        yield invalid(path, pattern, text)


def _bad_pattern(pattern: str) -> str:
    try:
        compiled(pattern)
    except CelError as error:
        return str(error)
    except CelUnsupported:
        # Go may read it: values are then unknown, the schema is not wrong
        return ""
    return ""


def _nested(schema: Object, path: str, skip_any_of: bool = False) -> Iterator[Cause]:
    yield from _value_validation(schema, path, (skip_any_of, False))
    items = subschema(schema.get("items"))
    if items is not None:
        yield from _nested(items, f"{path}.items")
    for name, child in (schema.get("properties") or {}).items():
        yield from _nested(child, f"{path}.properties[{name}]")
    for name, text in _NESTED:
        if _is_set(name, schema.get(name)):
            yield forbidden(f"{path}.{name}", text)
    if "metadata" in (schema.get("properties") or {}):
        yield forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")


def _is_set(name: str, value: Json) -> bool:
    """Whether Go has a keyword set: pointers also where they point to an empty value."""
    if name == "additionalProperties":
        return isinstance(value, Mapping) or value is True
    if name in _POINTERS:
        return value is not None
    return bool(value)


_POINTERS = ("default", "x-kubernetes-list-type", "x-kubernetes-map-type")


def _completeness(part: Object, spine: Object | None, at: str, path: str) -> Iterator[Cause]:
    for name, nested in _parts(part):
        yield from _nested_completeness(nested, spine, at, f"{path}.{name}")


def _parts(schema: Object) -> Iterator[tuple[str, Object]]:
    if schema.get("not") is not None:
        yield "not", schema["not"]
    for keyword in ("allOf", "anyOf", "oneOf"):
        for at, part in enumerate(schema.get(keyword) or ()):
            yield f"{keyword}[{at}]", part


def _nested_completeness(part: Object, spine: Object | None, at: str, path: str) -> Iterator[Cause]:
    if spine is None:
        yield required(at, f"because it is defined in {path}")
        return
    yield from _completeness(part, spine, at, path)
    items = subschema(part.get("items"))
    if items is not None:
        yield from _nested_completeness(
            items, subschema(spine.get("items")), f"{at}.items", f"{path}.items"
        )
    declared = spine.get("properties") or {}
    for name, child in (part.get("properties") or {}).items():
        where, inner = f"{at}.properties[{name}]", f"{path}.properties[{name}]"
        yield from _nested_completeness(child, declared.get(name), where, inner)
