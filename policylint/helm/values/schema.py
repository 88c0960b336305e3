"""Values against a chart's values.schema.json, as Helm checks them before it renders.

The keywords of JSON Schema that charts use, from draft 4 to 2020-12; `format` is a remark, as in
Helm. What cannot be judged here (a schema elsewhere, a pattern that RE2 does not know) is reported
as unknown, never as valid.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from policylint.runtime import linear
from policylint.runtime.pointers import value_at

Path = tuple[str, ...]
MAX_DEPTH = 60


class Breach(Struct, frozen=True):
    """One value that breaks the schema: where, and what the schema wants; the value itself is not
    repeated."""

    path: Path
    message: str
    unknown: bool = False
    """It could not be judged."""


class _At(Struct, frozen=True):
    root: Any
    path: Path = ()
    depth: int = 0

    def inside(self, *names: str) -> _At:
        return _At(self.root, (*self.path, *names), self.depth + 1)


def breaches(schema: Any, value: Any) -> list[Breach]:
    """What of a value breaks a schema; empty when it is valid."""
    return list(_check(schema, value, _At(schema)))


def _check(schema: Any, value: Any, at: _At) -> Iterator[Breach]:
    if schema is False:
        yield Breach(at.path, "nothing is allowed here")
    if not isinstance(schema, Mapping):
        return
    if at.depth > MAX_DEPTH:
        yield Breach(at.path, "the schema is nested too deeply to be judged", unknown=True)
        return
    if "$ref" in schema:
        yield from _reference(schema, value, at)
    for keyword, judge in _KEYWORDS.items():
        if keyword in schema:
            yield from judge(schema[keyword], value, at, schema)


def _reference(schema: Mapping[str, Any], value: Any, at: _At) -> Iterator[Breach]:
    target = resolve(schema["$ref"], at.root)
    if target is None:
        yield Breach(
            at.path, f"the schema refers to {schema['$ref']}, which is not looked up", unknown=True
        )
    else:
        yield from _check(target, value, _At(at.root, at.path, at.depth + 1))


def resolve(reference: Any, root: Any) -> Any:
    """The part of a schema that a local reference (`#/definitions/x`) names; None for any other."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    inner = reference[1:].strip("/")
    if inner:
        return value_at(root, f"/{inner}")
    return root


def type_name(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    names = {float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "object")


def _type(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    kinds = wanted if isinstance(wanted, list) else [wanted]
    kind = type_name(value)
    if kind not in kinds and not (kind == "integer" and "number" in kinds):
        yield Breach(at.path, f"got {kind}, want {' or '.join(map(str, kinds))}")


def _enum(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    if not any(_equal(value, item) for item in wanted):
        yield Breach(
            at.path, f"value must be one of {', '.join(json.dumps(item) for item in wanted)}"
        )


def _const(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    if not _equal(value, wanted):
        yield Breach(at.path, f"value must be {json.dumps(wanted)}")


def _required(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    if isinstance(value, dict) and isinstance(wanted, list):
        for name in wanted:
            if name not in value:
                yield Breach((*at.path, str(name)), f"missing property {name!r}")


def _properties(_: Any, value: Any, at: _At, schema: Mapping[str, Any]) -> Iterator[Breach]:
    if not isinstance(value, dict):
        return
    for name, child in value.items():
        rules = _property_rules(name, schema)
        if rules or "additionalProperties" not in schema:
            for rule in rules:
                yield from _check(rule, child, at.inside(name))
        elif schema["additionalProperties"] is False:
            yield Breach((*at.path, name), f"additional properties {name!r} not allowed")
        else:
            yield from _check(schema["additionalProperties"], child, at.inside(name))


def _property_rules(name: str, schema: Mapping[str, Any]) -> list[Any]:
    """What `properties` and `patternProperties` ask of the property of a name."""
    named, patterns = schema.get("properties") or {}, schema.get("patternProperties") or {}
    rules = [named[name]] if name in named else []
    rules += [rule for pattern, rule in patterns.items() if _matches(pattern, name)]
    return rules


def _items(wanted: Any, value: Any, at: _At, schema: Mapping[str, Any]) -> Iterator[Breach]:
    if not isinstance(value, list):
        return
    first = schema.get("prefixItems", wanted if isinstance(wanted, list) else [])
    if isinstance(wanted, list):
        rest = schema.get("additionalItems", True)
    else:
        rest = wanted
    for position, child in enumerate(value):
        rule = first[position] if position < len(first) else rest
        yield from _check(rule, child, at.inside(str(position)))


def _prefix_items(_: Any, value: Any, at: _At, schema: Mapping[str, Any]) -> Iterator[Breach]:
    if "items" not in schema:
        yield from _items(True, value, at, schema)


def _all(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    for rule in wanted:
        yield from _check(rule, value, at.inside())


def _any(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    refused = [list(_check(rule, value, at.inside())) for rule in wanted]
    if all(refused) and refused:
        yield Breach(
            at.path, f"matches none of {len(refused)} alternatives: {refused[0][0].message}"
        )


def _exclusive(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    matching = sum(not list(_check(rule, value, at.inside())) for rule in wanted)
    if matching != 1:
        yield Breach(at.path, f"matches {matching} of {len(wanted)} alternatives, want one")


def _not(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    if not list(_check(wanted, value, at.inside())):
        yield Breach(at.path, "matches what the schema excludes")


def _if(wanted: Any, value: Any, at: _At, schema: Mapping[str, Any]) -> Iterator[Breach]:
    if list(_check(wanted, value, at.inside())):
        branch = "else"
    else:
        branch = "then"
    yield from _check(schema.get(branch, True), value, at.inside())


def _dependent(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    if not isinstance(value, dict):
        return
    for name, needs in wanted.items():
        if name in value and isinstance(needs, list):
            yield from _required(needs, value, at, None)
        elif name in value:
            yield from _check(needs, value, at.inside())


def _unique(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    if wanted and isinstance(value, list):
        texts = [json.dumps(item, sort_keys=True) for item in value]
        if len(set(texts)) < len(texts):
            yield Breach(at.path, "items are equal")


def _pattern(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    if isinstance(value, str):
        matches = linear.search(wanted, value)
        if matches is None:
            yield Breach(at.path, f"the pattern {wanted} is not known here", unknown=True)
        elif not matches:
            yield Breach(at.path, f"does not match pattern {wanted}")


def _names(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    for name in value if isinstance(value, dict) else ():
        yield from _check(wanted, name, at.inside(name))


def _contains(wanted: Any, value: Any, at: _At, _: Any) -> Iterator[Breach]:
    if isinstance(value, list) and all(list(_check(wanted, item, at.inside())) for item in value):
        yield Breach(at.path, "no item is what the schema wants")


def _measure(
    of: Callable[[Any], float | None], holds: Callable[[float, float], bool], words: str
) -> Any:
    def judge(wanted: Any, value: Any, at: _At, schema: Mapping[str, Any]) -> Iterator[Breach]:
        size = of(value)
        if size is None or isinstance(wanted, bool) or not isinstance(wanted, int | float):
            return
        if not holds(size, wanted) or _excluded(size, wanted, words, schema):
            yield Breach(at.path, f"{words} {wanted}")

    return judge


def _excluded(size: float, wanted: float, words: str, schema: Mapping[str, Any]) -> bool:
    """Draft 4 writes exclusiveMinimum: true beside minimum."""
    keyword = {"minimum is": "exclusiveMinimum", "maximum is": "exclusiveMaximum"}.get(words, "")
    return schema.get(keyword) is True and size == wanted


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return None


def _length(kind: type) -> Callable[[Any], float | None]:
    return lambda value: (
        len(value) if isinstance(value, kind) and isinstance(value, str | list | dict) else None
    )


def _matches(pattern: str, name: str) -> bool:
    return linear.search(pattern, name) is not False


def _equal(left: Any, right: Any) -> bool:
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _multiple(size: float, wanted: float) -> bool:
    return wanted == 0 or abs(size / wanted - round(size / wanted)) < 1e-9


_KEYWORDS: dict[str, Any] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "properties": _properties,
    "patternProperties": lambda w, v, a, s: (
        _properties(w, v, a, s) if "properties" not in s else ()
    ),
    "additionalProperties": lambda w, v, a, s: (
        _properties(w, v, a, s) if "properties" not in s and "patternProperties" not in s else ()
    ),
    "items": _items,
    "prefixItems": _prefix_items,
    "allOf": _all,
    "anyOf": _any,
    "oneOf": _exclusive,
    "not": _not,
    "if": _if,
    "dependentRequired": _dependent,
    "dependentSchemas": _dependent,
    "dependencies": _dependent,
    "uniqueItems": _unique,
    "pattern": _pattern,
    "propertyNames": _names,
    "contains": _contains,
    "minimum": _measure(_number, lambda size, wanted: size >= wanted, "minimum is"),
    "maximum": _measure(_number, lambda size, wanted: size <= wanted, "maximum is"),
    "exclusiveMinimum": _measure(_number, lambda size, wanted: size > wanted, "must be more than"),
    "exclusiveMaximum": _measure(_number, lambda size, wanted: size < wanted, "must be less than"),
    "multipleOf": _measure(_number, _multiple, "must be a multiple of"),
    "minLength": _measure(_length(str), lambda size, wanted: size >= wanted, "minLength is"),
    "maxLength": _measure(_length(str), lambda size, wanted: size <= wanted, "maxLength is"),
    "minItems": _measure(_length(list), lambda size, wanted: size >= wanted, "minItems is"),
    "maxItems": _measure(_length(list), lambda size, wanted: size <= wanted, "maxItems is"),
    "minProperties": _measure(
        _length(dict), lambda size, wanted: size >= wanted, "minProperties is"
    ),
    "maxProperties": _measure(
        _length(dict), lambda size, wanted: size <= wanted, "maxProperties is"
    ),
}
