"""The API server's words for a refusal, minor by minor.

`field.Error` of k8s.io/apimachinery pkg/util/validation/field.
"""

from __future__ import annotations

from policylint.kubernetes.api.govalues import shown
from policylint.model import Cause, Json


def forbidden(field: str, text: str, topic: str = "immutable-field", source: str = "") -> Cause:
    """`Forbidden: text`."""
    return Cause(field, "FieldValueForbidden", f"Forbidden: {text}", topic, source)


def invalid(
    field: str,
    value: Json,
    text: str,
    minor: int,
    *,
    go: str = "",
    topic: str = "immutable-field",
    source: str = "",
) -> Cause:
    """`Invalid value: ...: text`; `go` is the value's Go type, which decides how it is shown."""
    return Cause(
        field,
        "FieldValueInvalid",
        f"Invalid value: {shown(value, minor, go)}: {text}",
        topic,
        source,
    )


def required(field: str, text: str = "", topic: str = "invalid-object", source: str = "") -> Cause:
    """`Required value`, with a text or without."""
    return Cause(
        field,
        "FieldValueRequired",
        f"Required value: {text}" if text else "Required value",
        topic,
        source,
    )
