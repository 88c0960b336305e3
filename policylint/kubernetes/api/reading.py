"""Reading objects whose parts may be missing or of another type: what is not of the type asked
for is not there.

Wrong types are errors of decoding (`sent.py`); the checks of validity pass over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from policylint.kubernetes.api.quantity import parse_quantity
from policylint.model import Json, Object

NOTHING: Object = MappingProxyType({})
_MAPPINGS = (dict, Mapping)
"""What objects are; nearly all are plain dicts, which are told in no time."""


def at(value: Json, *steps: str | int) -> Json:
    """The value at a path, None where a step is missing."""
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def part(value: Json, *names: str) -> Mapping[str, Any]:
    """The mapping below an object at a path; an empty one where there is none."""
    for name in names:
        if isinstance(value, _MAPPINGS):
            value = value.get(name)
        else:
            value = None
    if isinstance(value, _MAPPINGS):
        return value
    return NOTHING


def parts(value: Json, *steps: str | int) -> list[Object]:
    """The mappings of the list at a path; what is no mapping is left out."""
    return [item for item in items(at(value, *steps)) if isinstance(item, dict)]


def items(value: Json) -> list[Any]:
    """A list, an empty one for anything else."""
    if isinstance(value, list):
        return value
    return []


def text(value: Object, name: str) -> str:
    """A string field; "" where there is none."""
    field = value.get(name)
    if isinstance(field, str):
        return field
    return ""


def number(value: Object, name: str) -> int | None:
    """An integer field; None where there is none."""
    field = value.get(name)
    if isinstance(field, float) and field.is_integer():
        return int(field)
    if isinstance(field, int) and not isinstance(field, bool):
        return field
    return None


def fields(value: Object, name: str) -> Object:
    """An object or map field; an empty one where there is none."""
    field = value.get(name)
    if isinstance(field, dict):
        return field
    return NOTHING


def has(value: Object, name: str) -> bool:
    """Whether a field is there: an object (even an empty one) or any other value but null."""
    return value.get(name) is not None


def many(value: Object, name: str) -> list[Any]:
    """A list field; an empty one where there is none."""
    field = value.get(name)
    if isinstance(field, list):
        return field
    return []


def objects(value: Object, name: str, at: str) -> Iterable[tuple[str, Object]]:
    """The objects of a list field, each with its path."""
    entries = value.get(name)
    if entries.__class__ is not list:
        return ()  # most lists that checks look for are not there
    return _of_kind(entries, dict, f"{at}.{name}" if at else name)


def texts(value: Object, name: str, at: str) -> Iterable[tuple[str, str]]:
    """The strings of a list field, each with its path."""
    entries = value.get(name)
    if entries.__class__ is not list:
        return ()
    return _of_kind(entries, str, f"{at}.{name}" if at else name)


def _of_kind(entries: list[Any], kind: type, at: str) -> Iterator[tuple[str, Any]]:
    for index, entry in enumerate(entries):
        if isinstance(entry, kind):
            yield f"{at}[{index}]", entry


def text_map(value: Object, name: str) -> dict[str, str]:
    """A map of strings (labels, annotations, ...): the entries that are strings."""
    return {key: item for key, item in fields(value, name).items() if isinstance(item, str)}


def amounts(value: Object, name: str) -> dict[str, Json]:
    """A map of quantities (limits, requests, ...): the entries that are quantities, as written."""
    return {
        key: item for key, item in fields(value, name).items() if parse_quantity(item) is not None
    }


def is_percent(value: Json) -> bool:
    """Whether an int-or-string holds a string."""
    return isinstance(value, str)
