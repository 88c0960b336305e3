"""What differs between two tables of values, and the first with only some of it."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from policylint.helm.values.differing import ABSENT, Difference, differences, with_some

PLAIN = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "a"])
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
TABLES = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(TABLES, TABLES)
@example(old={"a": None, "b": [None, {"a": None}]}, new={"b": [None, {"b": None}]})
def test_all_differences_make_the_new_table(old: dict[str, Any], new: dict[str, Any]) -> None:
    rows = list(differences(old, new))
    assert with_some(old, rows) == new
    assert with_some(old, []) == old


@given(TABLES)
def test_a_table_differs_not_from_itself(table: dict[str, Any]) -> None:
    assert list(differences(table, table)) == []


def told(rows: list[Difference]) -> list[tuple[Any, ...]]:
    return [(row.path, row.old, row.new) for row in rows]


def test_leaves_are_told_one_by_one() -> None:
    old = {"a": {"b": 1, "c": [1, 2]}, "gone": {"x": 1}}
    new = {"a": {"b": True, "c": [1, 3]}, "new": {"y": {"z": 2}}}
    assert told(list(differences(old, new))) == [
        (("a", "b"), 1, True),
        (("a", "c", 1), 2, 3),
        (("gone", "x"), 1, ABSENT),
        (("new", "y", "z"), ABSENT, 2),
    ]
