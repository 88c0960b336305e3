"""The API server's words for what it refuses, one function for each kind of `field.Error`.

Source: k8s.io/apimachinery pkg/util/validation/field; recorded in fixtures/oracle.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from policylint.model import Cause, Json
from policylint.runtime.gofloats import float_text

OMITTED: Final = object()
"""A value that the message leaves out, as the server does for objects and lists that fail a
rule."""

_HTML: Final = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026"})
"""Go escapes these within JSON."""

CR: Final = "custom-resource-invalid"
CRD: Final = "invalid-object"
CHANGE: Final = "crd-change-refused"


def shown(value: Json) -> str:
    """A value as the server prints it."""
    if isinstance(value, float):
        return float_text(value)
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
    return text if isinstance(value, str) else text.translate(_HTML)


def invalid(field: str, value: Json, text: str, topic: str = CR) -> Cause:
    """`Invalid value: VALUE: text`."""
    lead = "Invalid value: " if value is OMITTED else f"Invalid value: {shown(value)}: "
    return Cause(field, "FieldValueInvalid", lead + text, topic)


def type_invalid(field: str, value: Json, text: str, topic: str = CR) -> Cause:
    """`Invalid value` for a value of the wrong type: stops the rules from being checked."""
    return Cause(field, "FieldValueTypeInvalid", f"Invalid value: {shown(value)}: {text}", topic)


def required(field: str, text: str = "", topic: str = CR) -> Cause:
    """`Required value`."""
    return Cause(
        field, "FieldValueRequired", f"Required value: {text}" if text else "Required value", topic
    )


def forbidden(field: str, text: str, topic: str = CR) -> Cause:
    """`Forbidden: text`."""
    return Cause(field, "FieldValueForbidden", f"Forbidden: {text}", topic)


def duplicate(field: str, value: Json, topic: str = CR) -> Cause:
    """`Duplicate value: VALUE`."""
    tail = "" if value is OMITTED else f": {shown(value)}"
    return Cause(field, "FieldValueDuplicate", f"Duplicate value{tail}", topic)


def unsupported(field: str, value: Json, allowed: Iterable[Json], topic: str = CR) -> Cause:
    """`Unsupported value: VALUE: supported values: ...`."""
    values = ", ".join(shown(item if isinstance(item, str) else shown(item)) for item in allowed)
    return Cause(
        field,
        "FieldValueNotSupported",
        f"Unsupported value: {shown(value)}: supported values: {values}",
        topic,
    )


def too_long(field: str, limit: int, topic: str = CR) -> Cause:
    """`Too long: may not be more than N bytes`."""
    return Cause(
        field,
        "FieldValueTooLong",
        f"Too long: may not be more than {limit} byte{'' if limit == 1 else 's'}",
        topic,
    )


def too_many(field: str, count: int, limit: int, topic: str = CR) -> Cause:
    """`Too many: COUNT: must have at most N items`."""
    return Cause(
        field,
        "FieldValueTooMany",
        f"Too many: {count}: must have at most {limit} item{'' if limit == 1 else 's'}",
        topic,
    )


BLOCKING: Final = frozenset(
    {
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    }
)
"""The reasons after which the server does not check a custom resource's rules."""


def unchecked() -> Cause:
    """What the server adds where errors kept it from checking the rules."""
    return invalid(
        "<nil>",
        None,
        "some validation rules were not checked because the object was invalid; correct the existing errors to "
        "complete validation",
    )
