"""The API server's words for a refusal, minor by minor.

`field.Error` of k8s.io/apimachinery pkg/util/validation/field: values are shown as JSON from 1.33 on and as Go
syntax before (recorded for 1.30, 1.34 and 1.36). Where the value's Go syntax would need the whole Go type, only the
type's name is given for older servers.
"""

from __future__ import annotations

import json
from fractions import Fraction

from policylint.forecast.gotypes import ABSENT
from policylint.model import Cause, Json

JSON_SINCE = 33


def forbidden(field: str, text: str, topic: str = "immutable-field", source: str = "") -> Cause:
    """`Forbidden: text`."""
    return Cause(field, "FieldValueForbidden", f"Forbidden: {text}", topic, source)


def invalid(
    field: str, value: Json, text: str, minor: int, *, go: str = "", topic: str = "immutable-field", source: str = ""
) -> Cause:
    """`Invalid value: ...: text`; `go` is the value's Go type, shown by servers before 1.33."""
    return Cause(field, "FieldValueInvalid", f"Invalid value: {shown(value, minor, go)}: {text}", topic, source)


def required(field: str, text: str = "", topic: str = "invalid-object", source: str = "") -> Cause:
    """`Required value`, with a text or without."""
    return Cause(field, "FieldValueRequired", f"Required value: {text}" if text else "Required value", topic, source)


def shown(value: Json, minor: int, go: str = "") -> str:
    """A value as the server's message shows it."""
    if value is None or value is ABSENT:
        if minor >= JSON_SINCE:
            return "null"
        return f"{go}(nil)" if go.startswith(("[]", "map")) else '"null"'
    if isinstance(value, Fraction):
        return json.dumps(str(value))
    if minor < JSON_SINCE and go:
        return f"{go}{{...}}"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
