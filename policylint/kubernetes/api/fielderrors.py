"""The API server's field errors, in its own words (k8s.io/apimachinery
pkg/util/validation/field)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from policylint.model import Cause, Json

TOPIC = "invalid-object"


class Omitted:
    """The type of `OMITTED`, for errors that do not show their value."""


OMITTED: Final = Omitted()

NOT_NEGATIVE = "must be greater than or equal to 0"
NOT_POSITIVE = "must be greater than zero"


def required(field: str, detail: str = "") -> Cause:
    """A value is missing."""
    return _cause(field, "FieldValueRequired", "Required value", OMITTED, detail)


def invalid(field: str, value: Json, detail: str) -> Cause:
    """A value is malformed."""
    return _cause(field, "FieldValueInvalid", "Invalid value", value, detail)


def forbidden(field: str, detail: str) -> Cause:
    """A value is not permitted here."""
    return _cause(field, "FieldValueForbidden", "Forbidden", OMITTED, detail)


def duplicate(field: str, value: Json) -> Cause:
    """A value that must be unique is there already."""
    return _cause(field, "FieldValueDuplicate", "Duplicate value", value, "")


def not_found(field: str, value: Json, detail: str = "") -> Cause:
    """A name refers to nothing."""
    return _cause(field, "FieldValueNotFound", "Not found", value, detail)


def unsupported(field: str, value: Json, supported: Iterable[str]) -> Cause:
    """A value is none of those supported; they are named in the order given."""
    names = ", ".join(_quoted(name) for name in supported)
    detail = f"supported values: {names}" if names else ""
    return _cause(field, "FieldValueNotSupported", "Unsupported value", value, detail)


def too_long(field: str, most: int) -> Cause:
    """A value has more bytes than fit."""
    return _cause(
        field, "FieldValueTooLong", "Too long", OMITTED, f"may not be more than {most} bytes"
    )


def too_many(field: str, count: int, most: int) -> Cause:
    """A list has more items than allowed."""
    return _cause(field, "FieldValueTooMany", "Too many", count, f"must have at most {most} items")


def each_invalid(field: str, value: Json, details: Sequence[str]) -> Iterator[Cause]:
    """One error for each complaint that a format has about a value."""
    for detail in details:
        yield invalid(field, value, detail)


def shown(value: Json) -> str:
    """A value as the server prints it: strings quoted, everything else as compact JSON."""
    return (
        _quoted(value)
        if isinstance(value, str)
        else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    )


def go_struct(value: Json, fields: Sequence[str]) -> Json:
    """An object as the server's internal struct prints: Go's field names in their order, null where
    there is none."""
    return {name[0].upper() + name[1:]: value.get(name) for name in fields}


def child(at: str, name: str) -> str:
    """The path of a field: `spec` and `ports` make `spec.ports`."""
    return f"{at}.{name}" if at else name


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _cause(field: str, reason: str, title: str, value: Json, detail: str) -> Cause:
    parts = [title]
    if value is not OMITTED:
        parts.append(shown(value))
    if detail:
        parts.append(detail)
    return Cause(field, reason, ": ".join(parts), TOPIC, "the validation of Kubernetes 1.36")
