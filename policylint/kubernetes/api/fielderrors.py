"""The API server's field errors, in its own words: the one place that writes them.

Source: k8s.io/apimachinery pkg/util/validation/field/errors.go (v0.30 to v0.37), and the answers
recorded in fixtures/oracle. Every function takes the server's path of the field, and the topic and
source of the `Cause` that it makes. Words are those of 1.33 and later; `minor` and `go` decide how
`invalid` prints a value (see `govalues`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from policylint.kubernetes.api.govalues import JSON_SINCE, shown
from policylint.model import Cause, Json
from policylint.runtime.gotexts import quoted

TOPIC: Final = "invalid-object"
IMMUTABLE_FIELD: Final = "immutable-field"
"""The topic of an update that changes what may not be changed."""
SOURCE: Final = "the validation of Kubernetes (k8s.io/kubernetes pkg/apis)"


class Omitted:
    """The type of `OMITTED`."""


OMITTED: Final = Omitted()
"""For errors that do not show their value, as the server's own `OmitValueType`."""


class Elided:
    """The type of `ELIDED`."""


ELIDED: Final = Elided()
"""For an object of which the server prints every field, more than anybody reads."""

NOT_NEGATIVE: Final = "must be greater than or equal to 0"
NOT_POSITIVE: Final = "must be greater than zero"


def required(field: str, detail: str = "", topic: str = TOPIC, source: str = SOURCE) -> Cause:
    """A value is missing."""
    message = _message("Required value", OMITTED, detail)
    return Cause(field, "FieldValueRequired", message, topic, source)


def invalid(
    field: str,
    value: Json | Elided,
    detail: str,
    topic: str = TOPIC,
    source: str = SOURCE,
    *,
    minor: int = JSON_SINCE,
    go: str = "",
) -> Cause:
    """A value is malformed; `go` is its Go type, which decides how it is shown."""
    message = _message("Invalid value", value, detail, minor, go)
    return Cause(field, "FieldValueInvalid", message, topic, source)


def type_invalid(
    field: str, value: Json, detail: str, topic: str = TOPIC, source: str = SOURCE
) -> Cause:
    """A value is of the wrong type: reads as `invalid`, and stops further checks of it."""
    message = _message("Invalid value", value, detail)
    return Cause(field, "FieldValueTypeInvalid", message, topic, source)


def forbidden(field: str, detail: str, topic: str = TOPIC, source: str = SOURCE) -> Cause:
    """A value is not permitted here."""
    message = _message("Forbidden", OMITTED, detail)
    return Cause(field, "FieldValueForbidden", message, topic, source)


def duplicate(field: str, value: Json, topic: str = TOPIC, source: str = SOURCE) -> Cause:
    """A value that must be unique is there already."""
    message = _message("Duplicate value", value, "")
    return Cause(field, "FieldValueDuplicate", message, topic, source)


def not_found(
    field: str, value: Json, detail: str = "", topic: str = TOPIC, source: str = SOURCE
) -> Cause:
    """A name refers to nothing."""
    message = _message("Not found", value, detail)
    return Cause(field, "FieldValueNotFound", message, topic, source)


def unsupported(
    field: str,
    value: Json,
    supported: Iterable[Json],
    topic: str = TOPIC,
    source: str = SOURCE,
) -> Cause:
    """A value is none of those supported; they are named in the order given, all of them quoted."""
    names = ", ".join(quoted(name if isinstance(name, str) else shown(name)) for name in supported)
    detail = f"supported values: {names}" if names else ""
    message = _message("Unsupported value", value, detail)
    return Cause(field, "FieldValueNotSupported", message, topic, source)


def too_long(
    field: str, limit: int, topic: str = TOPIC, source: str = SOURCE, *, unit: str = "byte"
) -> Cause:
    """A value has more bytes (or characters, with that `unit`) than fit."""
    detail = f"may not be more than {limit} {_plural(unit, limit)}"
    message = _message("Too long", OMITTED, detail)
    return Cause(field, "FieldValueTooLong", message, topic, source)


def too_many(field: str, count: int, limit: int, topic: str = TOPIC, source: str = SOURCE) -> Cause:
    """A list has more items than allowed."""
    detail = f"must have at most {limit} {_plural('item', limit)}"
    message = _message("Too many", count, detail)
    return Cause(field, "FieldValueTooMany", message, topic, source)


def each_invalid(field: str, value: Json, details: Sequence[str]) -> Sequence[Cause]:
    """One error for each complaint that a format has about a value."""
    if details:
        return [invalid(field, value, detail) for detail in details]
    return ()


def go_struct(value: Json, fields: Sequence[str]) -> Json:
    """An object as the server's internal struct prints: Go's field names in their order, null where
    there is none."""
    return {name[0].upper() + name[1:]: value.get(name) for name in fields}


def child(at: str, name: str) -> str:
    """The path of a field: `spec` and `ports` make `spec.ports`."""
    if at:
        return f"{at}.{name}"
    return name


def _message(
    title: str,
    value: Json | Omitted | Elided,
    detail: str,
    minor: int = JSON_SINCE,
    go: str = "",
) -> str:
    parts = [title]
    if value is ELIDED:
        parts.append("{...}" if minor >= JSON_SINCE else f"{go}{{...}}")
    elif value is not OMITTED:
        parts.append(shown(value, minor, go))
    if detail:
        parts.append(detail)
    return ": ".join(parts)


def _plural(unit: str, count: int) -> str:
    if count == 1:
        return unit
    return f"{unit}s"
