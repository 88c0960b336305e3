"""Values against a schema: the same answer as the reference implementation, and what a new schema
forbids."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.helm.values.schema import breaches
from policylint.helm.values.tightening import tightenings

names = st.sampled_from(["a", "b", "c"])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0]),
    st.text("ab", max_size=3),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
types = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])


def schemas(inner: Any) -> Any:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": types | st.lists(types, min_size=1, max_size=2, unique=True),
            "enum": st.lists(scalars, min_size=1, max_size=3),
            "const": scalars,
            "required": st.lists(names, max_size=2, unique=True),
            "properties": st.dictionaries(names, inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), inner, max_size=1),
            "additionalProperties": st.booleans() | inner,
            "items": inner,
            "minimum": st.integers(-2, 2),
            "exclusiveMaximum": st.integers(-2, 2),
            "multipleOf": st.sampled_from([1, 2]),
            "minLength": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "minProperties": st.integers(0, 2),
            "uniqueItems": st.booleans(),
            "pattern": st.sampled_from(["^a", "b"]),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "propertyNames": inner,
            "contains": inner,
            "dependentRequired": st.dictionaries(names, st.lists(names, max_size=1), max_size=1),
        },
    )


@settings(max_examples=400, deadline=None)
@given(st.recursive(st.booleans(), schemas, max_leaves=6), values)
def test_valid_is_what_the_reference_calls_valid(schema: Any, value: Any) -> None:
    valid = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (breaches(schema, value) == []) is valid


def test_a_breach_names_the_key_and_not_the_value() -> None:
    schema = {
        "properties": {
            "db": {"properties": {"password": {"type": "integer"}}, "required": ["host"]}
        }
    }
    broken = breaches(schema, {"db": {"password": "hunter2"}})
    assert {(".".join(breach.path), breach.message) for breach in broken} == {
        ("db.host", "missing property 'host'"),
        ("db.password", "got string, want integer"),
    }


def test_local_references_are_followed_and_others_are_unknown() -> None:
    schema = {"$defs": {"port": {"maximum": 9}}, "properties": {"a": {"$ref": "#/$defs/port"}}}
    assert [breach.unknown for breach in breaches(schema, {"a": 10})] == [False]
    assert [breach.unknown for breach in breaches({"$ref": "https://example.com/x.json"}, {})] == [
        True
    ]
    assert [breach.unknown for breach in breaches({"pattern": "(?=a)"}, "a")] == [True]
    assert breaches({"$ref": "#"}, {})  # a reference to itself


@pytest.mark.parametrize(
    ("before", "after", "messages"),
    [
        ({}, {"required": ["a"]}, ["a: is required now"]),
        (
            {"type": ["string", "integer"]},
            {"type": "string"},
            [": must be string now, was integer or string"],
        ),
        ({"type": "integer"}, {"type": "number"}, []),
        (
            {"properties": {"a": {"enum": [1, 2]}}},
            {"properties": {"a": {"enum": [1]}}},
            ["a: allows fewer values now"],
        ),
        (
            {"properties": {"a": {}}},
            {"properties": {"b": {}}, "additionalProperties": False},
            [": allows no other keys now", "a: is not allowed any more"],
        ),
        ({"maximum": 5}, {"maximum": 4}, [": has maximum 4 now"]),
        ({"maximum": 4}, {"maximum": 5}, []),
        ({"items": {"minLength": 1}}, {"items": {"minLength": 2}}, ["*: has minLength 2 now"]),
        (
            {"$ref": "#/d", "d": {}},
            {"$ref": "#/d", "d": {"const": 1}},
            [": must have one fixed value now"],
        ),
    ],
)
def test_tightenings(before: Any, after: Any, messages: list[str]) -> None:
    assert [
        f"{'.'.join(tightening.path)}: {tightening.message}"
        for tightening in tightenings(before, after)
    ] == messages


def test_patterns_are_matched_as_go_does_in_time_that_grows_with_the_text() -> None:
    assert not breaches({"pattern": "\\p{L}"}, "a")
    assert breaches({"pattern": "^(a+)+$"}, "a" * 5000 + "!")
    assert breaches({"patternProperties": {"^(a|aa)+$": False}}, {"a" * 5000: 1})
