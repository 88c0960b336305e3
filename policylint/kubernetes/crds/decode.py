"""Whether a CRD can be decoded at all: every field of the JSON type that the API gives it.

Source: the Go types of k8s.io/apiextensions-apiserver pkg/apis/apiextensions/v1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policylint.kubernetes.crds.words import CRD
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


def decoded(value: Json, wanted: Any = _CRD) -> Json:
    """A CRD as the server decodes it: a null item of a list or map of objects is an empty
    object."""
    match wanted:
        case dict() if isinstance(value, Mapping):
            made = {
                name: decoded(item, wanted[name]) if name in wanted else item
                for name, item in value.items()
            }
            return made | _decoded_either(value) if wanted is _SCHEMA else made
        case [inner] if isinstance(value, list) and isinstance(inner, dict):
            return [decoded({} if item is None else item, inner) for item in value]
        case (inner,) if isinstance(value, Mapping) and isinstance(inner, dict):
            return {
                name: decoded({} if item is None else item, inner) for name, item in value.items()
            }
    return value


def _decoded_either(schema: Object) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for name in _EITHER:
        value = schema.get(name)
        if isinstance(value, Mapping):
            made[name] = decoded(value, _SCHEMA)
        elif name == "items" and value is not None and not isinstance(value, list):
            made[name] = []  # what is neither a schema nor a list is not read
    return made


def _check(value: Json, wanted: Any, path: str) -> Iterator[Cause]:
    if value is None:
        return
    if wanted is _SCHEMA:
        for name, other in _EITHER.items():
            yield from _either(value, name, other, path)
    match wanted:
        case dict() if isinstance(value, Mapping):
            for name, inner in wanted.items():
                yield from _check(value.get(name), inner, f"{path}.{name}")
        case [inner] if isinstance(value, list) and isinstance(wanted, list):
            for at, item in enumerate(value):
                yield from _check(item, inner, f"{path}[{at}]")
        case (inner,) if isinstance(value, Mapping):
            for name, item in value.items():
                yield from _check(item, inner, f"{path}[{name}]")
        case type() if _is_a(value, wanted):
            return
        case _:
            name = getattr(
                wanted, "__name__", "object" if isinstance(wanted, dict | tuple) else "list"
            )
            text = f"json: cannot unmarshal {type(value).__name__} into a field of type {name}"
            yield Cause(path.removeprefix("."), "BadRequest", text, CRD)


def _either(value: Json, name: str, other: type, path: str) -> Iterator[Cause]:
    found = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(found, Mapping):
        yield from _check(found, _SCHEMA, f"{path}.{name}")
    elif isinstance(found, list) and other is list:
        for at, item in enumerate(found):
            yield from _check(item, _SCHEMA, f"{path}.{name}[{at}]")
    elif found is not None and other is bool and not isinstance(found, bool):
        text = "boolean or JSON schema expected"
        yield Cause(f"{path}.{name}".removeprefix("."), "BadRequest", text, CRD)


def _is_a(value: Json, wanted: type) -> bool:
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
