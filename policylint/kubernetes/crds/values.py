"""Validates a custom resource's values against its structural schema, in the server's words.

Follows kube-openapi's validation as the API server runs it: types, nullable, enum, bounds,
patterns, formats, required, allOf/anyOf/oneOf/not; with ratcheting (`Pair`), errors of unchanged,
correlatable values are forgiven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import repeat

from msgspec import Struct
from msgspec.structs import replace

from policylint.cel.formats import OPENAPI
from policylint.cel.regex import search
from policylint.cel.values import CelError
from policylint.kubernetes.api.fielderrors import (
    invalid,
    required,
    too_long,
    too_many,
    type_invalid,
    unsupported,
)
from policylint.kubernetes.crds.correlate import Pair
from policylint.model import Cause, Json, Object

_NEWER_FORMATS = {"k8sshortname": 35, "k8slongname": 35}
"""The minors that check a format first: 1.34 brings it, and a server checks what the minor before
it knows."""
_INT64 = 1 << 63
_INT_RANGES = {"int32": 1 << 31, "int64": _INT64}
_INT32_SINCE = 35
"""The minor from which int32 is checked (1.34 does not, 1.36 does)."""

_WHOLE = 1 << 53
"""From here on the server takes no number with a fraction or exponent for an integer."""


class ValuePosition(Struct, frozen=True):
    """Where validation stands: path as the server writes it, the value, its schema, and what it is
    ratcheted by."""

    path: str
    value: Json
    schema: Object
    minor: int
    pair: Pair | None = None

    def field(self, name: str, schema: Object) -> ValuePosition:
        """The position of a field; the root's type fields are never ratcheted."""
        path = f"{self.path}.{name}" if self.path else name
        ratcheted = self.pair is not None and not (
            self.path == "" and name in ("apiVersion", "kind")
        )
        if self.pair is not None and ratcheted:
            pair = self.pair.field(name)
        else:
            pair = None
        return ValuePosition(path, self.value[name], schema, self.minor, pair)

    def items(self, schema: Object) -> Iterator[ValuePosition]:
        """The positions of a list's items."""
        if self.pair is not None:
            pairs = self.pair.items()
        else:
            pairs = repeat(None)
        for at, (item, pair) in enumerate(zip(self.value, pairs, strict=False)):
            yield ValuePosition(f"{self.path}[{at}]", item, schema, self.minor, pair)

    def as_part(self, schema: Object) -> ValuePosition:
        """The same value under a schema of allOf, anyOf, oneOf or not: these are not ratcheted."""
        return replace(self, schema=schema, pair=None)


def validate_values(position: ValuePosition) -> list[Cause]:
    """The errors of a value and of all below it."""
    causes = list(_validate(position))
    if causes and position.pair is not None and position.pair.same:
        return []
    return causes


def _validate(position: ValuePosition) -> Iterator[Cause]:
    wrong = _type_error(position)
    if wrong is not None:
        yield wrong
    if position.value is None:  # of null, only type and enum are judged
        yield from _enum(position)
        return
    yield from _combinations(position)
    yield from _enum(position)
    match position.value:
        case bool():
            return
        case str():
            yield from _string(position)
        case int() | float():
            yield from _number(position)
        case list():
            yield from _list(position)
        case Mapping():
            yield from _object(position)


def type_name(value: Json) -> str:
    """The JSON type of a value, integers apart from other numbers."""
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return "number"  # JSON numbers beyond 64 bits are read as doubles
    for python, name in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
    ):
        if isinstance(value, python):
            return name
    if value is None:
        return "null"
    return "object"


def types_of(schema: Object) -> tuple[str, ...]:
    """The types a schema allows; none means any."""
    if schema.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    declared = schema.get("type")
    if declared:
        return (declared,)
    return ()


def format_of(schema: Object, minor: int) -> str:
    """The schema's format where the server checks it, dashes left out; else ""."""
    name = str(schema.get("format") or "").replace("-", "")
    types = types_of(schema)
    if types in ((), ("string",)):
        known = name in OPENAPI and minor >= _NEWER_FORMATS.get(name, 0)
        if known:
            return name
        return ""
    if types == ("integer",):
        if name in _INT_RANGES:
            return name
        return ""
    if types == ("number",) and name in ("float", "double"):
        return name
    return ""


def _type_error(position: ValuePosition) -> Cause | None:
    types, actual = types_of(position.schema), type_name(position.value)
    if not types:
        return None
    if position.value is None:
        if position.schema.get("nullable"):
            return None
        return _mistyped(position, types, actual)
    if actual in types or _is_number_for(types, position.value, actual):
        return None
    texts = types == ("string",) and actual in ("string", "array")
    if texts and format_of(position.schema, position.minor):
        return None  # the format's own check speaks
    return _mistyped(position, types, actual)


def _is_number_for(types: tuple[str, ...], value: Json, actual: str) -> bool:
    """An integer is a number, and a number without a fraction is an integer."""
    if actual == "integer":
        return "number" in types
    if actual != "number" or "integer" not in types:
        return False
    return abs(value) < _WHOLE and float(value).is_integer()


def _mistyped(position: ValuePosition, types: tuple[str, ...], actual: str) -> Cause:
    expected, provided = ",".join(types), actual
    kind = format_of(position.schema, position.minor)
    if kind and actual not in ("string", "array", "null"):
        expected, provided = (
            kind,
            _GO_FORMATS.get(actual, ""),
        )  # with a format, formats are compared
    return type_invalid(
        position.path or "<nil>",
        provided,
        f'{position.path} in body must be of type {expected}: "{provided}"',
    )


_GO_FORMATS = {"number": "float64", "integer": "int64"}


def _enum(position: ValuePosition) -> Iterator[Cause]:
    allowed = position.schema.get("enum")
    if not allowed or (position.value is None and position.schema.get("nullable")):
        return
    if not any(_same(position.value, item) for item in allowed):
        yield unsupported(position.path or "<nil>", position.value, allowed)


def _same(value: Json, allowed: Json) -> bool:
    numbers = isinstance(value, int | float) and isinstance(allowed, int | float)
    if numbers and not isinstance(value, bool) and not isinstance(allowed, bool):
        return bool(value == allowed)
    return type_name(value) == type_name(allowed) and bool(value == allowed)


def _string(position: ValuePosition) -> Iterator[Cause]:
    schema, value, path = position.schema, position.value, position.path or "<nil>"
    types = types_of(schema)
    if types and "string" not in types:
        return
    yield from _length(value, schema, path)
    pattern = schema.get("pattern")
    if pattern and not _matches(pattern, value):
        yield invalid(path, value, f"{path} in body should match '{pattern}'")
    kind = format_of(schema, position.minor)
    if kind in OPENAPI and not OPENAPI[kind](value):
        text = f"{path} in body must be of type {schema['format']}: {_quoted(value)}"
        yield type_invalid(path, value, text)


def _length(value: str, schema: Object, path: str) -> Iterator[Cause]:
    most, least = schema.get("maxLength"), schema.get("minLength")
    if most is not None and len(value) > most:
        yield too_long(path, most)
    if least is not None and len(value) < least:
        yield invalid(path, value, f"{path} in body should be at least {least} chars long")


def _quoted(value: str) -> str:
    return f'"{value}"'


def _matches(pattern: str, value: str) -> bool:
    try:
        return search(pattern, value)
    except CelError:
        return False


def _number(position: ValuePosition) -> Iterator[Cause]:
    types = types_of(position.schema)
    if types and not _NUMERIC & set(types):
        return
    if types == ("integer",):
        yield from _range(position)
    yield from _of_32_bits(position)
    exact = type_name(position.value) == "integer"
    for keyword, exclusive, words, beyond in _BOUNDS:
        bound = position.schema.get(keyword)
        strict = bool(position.schema.get(exclusive))
        if bound is None:
            continue
        limit = int(bound) if exact else bound  # integers meet whole bounds only
        if beyond(position.value, limit) or (strict and position.value == limit):
            yield _out_of_bounds(position, words, strict, limit)
    yield from _multiple(position, exact)


def _of_32_bits(position: ValuePosition) -> Iterator[Cause]:
    if format_of(position.schema, position.minor) == "float" and abs(position.value) > _FLOAT32:
        text = f"Checked value must be of type number with format float in {position.path}"
        yield invalid("<nil>", "", text)


_FLOAT32 = 3.4028234663852886e38
"""The largest number of 32 bits."""

_NUMERIC = {"integer", "number"}


def _out_of_bounds(position: ValuePosition, words: str, strict: bool, limit: float) -> Cause:
    path = position.path or "<nil>"
    relation = words if strict else f"{words} or equal to"
    return invalid(path, position.value, f"{path} in body should be {relation} {_plain(limit)}")


def _multiple(position: ValuePosition, exact: bool) -> Iterator[Cause]:
    step, path = position.schema.get("multipleOf"), position.path or "<nil>"
    if step is not None and exact and int(step) <= 0:
        text = f"factor MultipleOf declared for {path} must be positive: {int(step)}"
        yield invalid(path, int(step), text)
    elif step and not _is_multiple(position.value, step):
        text = f"{path} in body should be a multiple of {_plain(step)}"
        yield invalid(path, position.value, text)


def _range(position: ValuePosition) -> Iterator[Cause]:
    name = format_of(position.schema, position.minor)
    if position.minor >= _INT32_SINCE:
        limit = _INT_RANGES.get(name, _INT64)
    else:
        limit = _INT64
    if not -limit <= position.value < limit or not float(position.value).is_integer():
        if name:
            label = f"with format {name}"
        else:
            label = "(default format)"
        yield invalid(
            "<nil>", "", f"Checked value must be of type integer {label} in {position.path}"
        )


_BOUNDS: tuple[tuple[str, str, str, Callable[[float, float], bool]], ...] = (
    ("minimum", "exclusiveMinimum", "greater than", lambda value, bound: value < bound),
    ("maximum", "exclusiveMaximum", "less than", lambda value, bound: value > bound),
)


def _plain(number: float) -> str:
    if float(number).is_integer():
        return str(int(number))
    return str(number)


def _is_multiple(value: float, step: float) -> bool:
    if isinstance(value, int):
        return value % int(step) == 0
    quotient = 1 / step * value if step < 1 else value / step
    return abs(quotient) < _WHOLE and abs(quotient - round(quotient)) <= 1e-9 * max(
        1.0, abs(quotient)
    )


def _list(position: ValuePosition) -> Iterator[Cause]:
    schema, value, path = position.schema, position.value, position.path or "<nil>"
    items = schema.get("items")
    if isinstance(items, Mapping):
        for item in position.items(items):
            yield from validate_values(item)
    if schema.get("minItems") is not None and len(value) < schema["minItems"]:
        yield invalid(
            path, len(value), f"{path} in body should have at least {schema['minItems']} items"
        )
    if schema.get("maxItems") is not None and len(value) > schema["maxItems"]:
        yield too_many(path, len(value), schema["maxItems"])


def _object(position: ValuePosition) -> Iterator[Cause]:
    schema, value, path = position.schema, position.value, position.path or "<nil>"
    most, least = schema.get("maxProperties"), schema.get("minProperties")
    if least is not None and len(value) < least:
        text = f"{path} in body should have at least {least} properties"
        yield invalid(path, len(value), text)
    if most is not None and len(value) > most:
        yield too_many(path, len(value), most)
    yield from _fields(position, path)
    for name in schema.get("required") or ():
        if name not in value:
            yield required(f"{position.path}.{name}".removeprefix("."))


def _fields(position: ValuePosition, path: str) -> Iterator[Cause]:
    properties = position.schema.get("properties") or {}
    additional = position.schema.get("additionalProperties")
    for name in position.value:
        if name in properties:
            yield from validate_values(position.field(name, properties[name]))
        elif isinstance(additional, Mapping):
            yield from validate_values(position.field(name, additional))
        elif additional is False:
            yield invalid(path, "", f"{path}.{name} in body is a forbidden property")


def _combinations(position: ValuePosition) -> Iterator[Cause]:
    lead = f'"{position.path}" must'
    yield from _all_of(_parts(position, "allOf"), lead)
    yield from _any_of(_parts(position, "anyOf"), lead)
    yield from _exclusive(_parts(position, "oneOf"), lead)
    unwanted = position.schema.get("not")
    if isinstance(unwanted, Mapping) and not list(_validate(position.as_part(unwanted))):
        yield invalid("<nil>", "", f"{lead} not validate the schema (not)")


def _parts(position: ValuePosition, keyword: str) -> list[list[Cause]]:
    """The errors by each of the schemas of allOf, anyOf or oneOf."""
    return [list(_validate(position.as_part(part))) for part in position.schema.get(keyword) or ()]


def _all_of(parts: list[list[Cause]], lead: str) -> Iterator[Cause]:
    if any(parts):
        yield invalid("<nil>", "", f"{lead} validate all the schemas (allOf)")
        for errors in parts:
            yield from errors


def _any_of(parts: list[list[Cause]], lead: str) -> Iterator[Cause]:
    if parts and all(parts):
        yield invalid("<nil>", "", f"{lead} validate at least one schema (anyOf)")
        yield from min(parts, key=len)


def _exclusive(parts: list[list[Cause]], lead: str) -> Iterator[Cause]:
    valid = parts.count([])
    if not parts or valid == 1:
        return
    if valid:
        why = f"Found {valid} valid alternatives"
    else:
        why = "Found none valid"
    yield invalid("<nil>", "", f"{lead} validate one and only one schema (oneOf). {why}")
    if not valid:
        yield from min(parts, key=len)
