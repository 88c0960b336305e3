"""Whether a CRD can be decoded at all: every field of the JSON type that the API gives it.

Source: the Go types of k8s.io/apiextensions-apiserver pkg/apis/apiextensions/v1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policylint.kubernetes.api.fielderrors import TOPIC
from policylint.model import Cause, Json, Object

_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(
        ("type", "format", "title", "description", "pattern", "$ref", "id", "$schema"), str
    ),
    **dict.fromkeys(("x-kubernetes-list-type", "x-kubernetes-map-type"), str),
    **dict.fromkeys(("nullable", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum"), bool),
    "x-kubernetes-embedded-resource": bool,
    "x-kubernetes-int-or-string": bool,
    "x-kubernetes-preserve-unknown-fields": bool,
    **dict.fromkeys(
        ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"), int
    ),
    **dict.fromkeys(("maximum", "minimum", "multipleOf"), float),
    "required": [str],
    "x-kubernetes-list-map-keys": [str],
    "enum": list,
    "x-kubernetes-validations": [
        {
            **dict.fromkeys(("rule", "message", "messageExpression", "reason", "fieldPath"), str),
            "optionalOldSelf": bool,
        }
    ],
}
_SCHEMA |= {name: [_SCHEMA] for name in ("allOf", "anyOf", "oneOf")}
_SCHEMA |= dict.fromkeys(("properties", "patternProperties", "definitions"), (_SCHEMA,))
_SCHEMA["not"] = _SCHEMA
_EITHER = {"items": list, "additionalProperties": bool, "additionalItems": bool}
"""Keywords that take a schema or something else."""

_CRD: dict[str, Any] = {
    "metadata": {"name": str, "annotations": (str,)},
    "spec": {
        "group": str,
        "scope": str,
        "preserveUnknownFields": bool,
        "names": {
            **dict.fromkeys(("plural", "singular", "kind", "listKind"), str),
            "shortNames": [str],
            "categories": [str],
        },
        "conversion": {
            "strategy": str,
            "webhook": {
                "conversionReviewVersions": [str],
                "clientConfig": {
                    "url": str,
                    "service": {**dict.fromkeys(("name", "namespace", "path"), str), "port": int},
                },
            },
        },
        "versions": [
            {
                **dict.fromkeys(("name", "deprecationWarning"), str),
                **dict.fromkeys(("served", "storage", "deprecated"), bool),
                "schema": {"openAPIV3Schema": _SCHEMA},
                "subresources": {"status": {}, "scale": (str,)},
                "selectableFields": [{"jsonPath": str}],
                "additionalPrinterColumns": [
                    {
                        **dict.fromkeys(("name", "type", "format", "description", "jsonPath"), str),
                        "priority": int,
                    }
                ],
            }
        ],
    },
}
"""Types by field: a list of one for lists, a tuple of one for maps, a dict for objects."""


def decode_causes(crd: Json) -> list[Cause]:
    """The fields of a CRD whose JSON type is wrong; the server then does not look further."""
    return list(_check(crd, _CRD, ""))


def decoded(value: Json, kind: Any = _CRD) -> Json:
    """A CRD as the server decodes it: a null item of a list or map of objects is an empty
    object."""
    if isinstance(kind, dict) and isinstance(value, Mapping):
        fields = {
            name: decoded(item, kind[name]) if name in kind else item
            for name, item in value.items()
        }
        if kind is _SCHEMA:
            return fields | _decoded_either(value)
        return fields
    if isinstance(kind, list | tuple) and isinstance(kind[0], dict):
        return _decoded_items(value, kind)
    return value


def _decoded_items(value: Json, kind: list[Any] | tuple[Any]) -> Json:
    if isinstance(kind, list) and isinstance(value, list):
        return [_decoded_item(item, kind[0]) for item in value]
    if isinstance(kind, tuple) and isinstance(value, Mapping):
        return {name: _decoded_item(item, kind[0]) for name, item in value.items()}
    return value


def _decoded_item(item: Json, kind: Any) -> Json:
    return decoded({} if item is None else item, kind)


def _decoded_either(schema: Object) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for name in _EITHER:
        value = schema.get(name)
        if isinstance(value, Mapping):
            made[name] = decoded(value, _SCHEMA)
        elif name == "items" and value is not None and not isinstance(value, list):
            made[name] = []  # what is neither a schema nor a list is not read
    return made


def _check(value: Json, kind: Any, path: str) -> Iterator[Cause]:
    if value is None:
        return
    if isinstance(kind, type):
        if not _is_a(value, kind):
            yield _mistyped(value, kind.__name__, path)
    elif isinstance(kind, list):
        if not isinstance(value, list):
            yield _mistyped(value, "list", path)
            return
        for at, item in enumerate(value):
            yield from _check(item, kind[0], f"{path}[{at}]")
    elif not isinstance(value, Mapping):
        yield _mistyped(value, "object", path)
    else:
        yield from _check_fields(value, kind, path)


def _mistyped(value: Json, expected: str, path: str) -> Cause:
    text = f"json: cannot unmarshal {type(value).__name__} into a field of type {expected}"
    return Cause(path.removeprefix("."), "BadRequest", text, TOPIC)


def _check_fields(value: Object, kind: Any, path: str) -> Iterator[Cause]:
    if isinstance(kind, tuple):
        for name, item in value.items():
            yield from _check(item, kind[0], f"{path}[{name}]")
        return
    for name, item in value.items():
        if name in kind:
            yield from _check(item, kind[name], f"{path}.{name}")
        elif kind is _SCHEMA and name in _EITHER:
            yield from _either(item, _EITHER[name], f"{path}.{name}")


def _either(value: Json, alternative: type, path: str) -> Iterator[Cause]:
    """A field that takes a schema or something else; items of neither type are not read."""
    if isinstance(value, Mapping):
        yield from _check(value, _SCHEMA, path)
    elif isinstance(value, list) and alternative is list:
        for at, item in enumerate(value):
            yield from _check(item, _SCHEMA, f"{path}[{at}]")
    elif value is not None and alternative is bool and not isinstance(value, bool):
        text = "boolean or JSON schema expected"
        yield Cause(path.removeprefix("."), "BadRequest", text, TOPIC)


def _is_a(value: Json, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
