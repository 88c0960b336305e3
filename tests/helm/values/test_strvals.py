"""The `--set` family against Helm's own rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.errors import UsageError
from policylint.helm.values import strvals


def parsed(text: str, into: Any = None) -> Any:
    values = {} if into is None else into
    strvals.set_values(text, values)
    return values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1,b=true,c=null,d=x", {"a": 1, "b": True, "c": None, "d": "x"}),
        ("a=007,b=0,c=1.5,d=1e5,e=-3", {"a": "007", "b": 0, "c": "1.5", "d": "1e5", "e": -3}),
        (r"a\.b=c\,d", {"a.b": "c,d"}),
        ("a={1,x,null}", {"a": [1, "x", None]}),
        ("a={}", {"a": [""]}),
        ("a[1].b=2", {"a": [None, {"b": 2}]}),
        ("a[0][1]=", {"a": [[None, ""]]}),
        ("a=,b=1", {"a": "", "b": 1}),
        ("a=TRUE", {"a": True}),
        ("a=99999999999999999999", {"a": "99999999999999999999"}),
    ],
)
def test_set(text: str, values: Any) -> None:
    assert parsed(text) == values


def test_set_writes_into_what_files_gave() -> None:
    assert parsed("a.b=2,l[1]=x", {"a": {"b": 1, "c": 3}, "l": [0]}) == {
        "a": {"b": 2, "c": 3},
        "l": [0, "x"],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", 'key "a" has no value'),
        ("a,b=1", "cannot end with ,"),
        ("a={1", "list must terminate"),
        ("a[-1]=1", "negative"),
        ("a[70000]=1", "greater than maximum"),
        ("a[x]=1", "error parsing index"),
        ("a[0]x=1", "unexpected data"),
        ("a=1,a.b=2", "no map"),
        (".".join("a" * 40) + "=1", "nested level"),
    ],
)
def test_set_refuses(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parsed(text)


def test_set_string_keeps_text() -> None:
    values: dict[str, Any] = {}
    strvals.set_strings("a=1,b={true,2}", values)
    assert values == {"a": "1", "b": ["true", "2"]}


def test_set_json() -> None:
    values: dict[str, Any] = {"m": {"a": 1}}
    strvals.set_json('m={"b":[1,{"c":null}]},n=,o=1.5,p[1]="x,y"', values)
    assert values == {"m": {"b": [1, {"c": None}]}, "n": None, "o": 1.5, "p": [None, "x,y"]}
    with pytest.raises(UsageError, match="not JSON"):
        strvals.set_json("a=secret-text", values)


def test_a_broken_set_json_does_not_print_the_value() -> None:
    with pytest.raises(UsageError) as caught:
        strvals.set_json("password=hunter2", {})
    assert "hunter2" not in str(caught.value)


def test_set_literal_takes_all_as_it_stands() -> None:
    values: dict[str, Any] = {}
    strvals.set_literal(r"a.b[0]=x,y=\{1}", values)
    assert values == {"a": {"b": [r"x,y=\{1}"]}}


def test_set_file_reads_each_name() -> None:
    values: dict[str, Any] = {}
    strvals.set_files("a=one,b={two,three}", values, lambda name: f"<{name}>")
    assert values == {"a": "<one>", "b": ["<two>", "<three>"]}


names = st.text("abcxyz-", min_size=1, max_size=4)
leaves = st.one_of(
    st.booleans(), st.none(), st.integers(-999, 999), st.text("abc ,.{}\\", min_size=1, max_size=5)
)


@given(st.lists(names, min_size=1, max_size=4), leaves)
def test_what_is_written_with_escapes_is_read_back(path: list[str], value: Any) -> None:
    text = (
        {True: "true", False: "false", None: "null"}.get(value, str(value))
        if not isinstance(value, int)
        else str(value)
    )
    if isinstance(value, bool):
        text = str(value).lower()
    escaped = "".join("\\" + char if char in ",\\{}" else char for char in text)
    command = parsed(".".join(path) + "=" + escaped)
    for name in path:
        command = command[name]
    assert command == value


@given(st.text("ab.,=[]{}\\01", max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(parsed(text), dict)
    except UsageError as error:
        assert error.remedy
