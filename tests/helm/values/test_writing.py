"""The values file that makes reuse unnecessary."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.checks import reuse_hides_defaults
from policylint.engine.rule import Context
from policylint.errors import ReadError
from policylint.helm.inputs.sides import ValuesInput
from policylint.helm.values.chart import chart_of, read_values
from policylint.helm.values.modes import Mode, upgrade_values
from policylint.helm.values.subject import change_of
from policylint.helm.values.writing import edited, full_values
from policylint.kubernetes.api.schemas import NEWEST
from policylint.model import Target

META = b"apiVersion: v2\nname: app\nversion: 1.0.0\n"
words = st.sampled_from(
    ["a", "b", "yes", "0644", "1e3", "~", "", "x: y", "# c", "null", "a\nb\n", "é", "1.10", "*x"]
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.just(0.5), words),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(words.filter(bool), inner, max_size=3)
    ),
    max_leaves=6,
)
tables = st.dictionaries(words.filter(bool), values, max_size=4)


@settings(max_examples=150, deadline=None)
@given(tables)
def test_what_is_written_reads_back(wanted: dict[str, Any]) -> None:
    assert read_values(edited("", wanted, "v.yaml"), "v.yaml") == wanted


@settings(max_examples=80, deadline=None)
@given(tables, tables)
def test_an_edit_of_any_file_reads_back(before: dict[str, Any], wanted: dict[str, Any]) -> None:
    try:
        text = edited(edited("", before, "v.yaml"), wanted, "v.yaml")
    except ReadError:
        return
    assert read_values(text, "v.yaml") == wanted


def test_comments_order_and_style_stay() -> None:
    text = "# ours\nimage:\n  tag: '2'  # pinned\n\nlist:\n  - a\nmode: 0644\n"
    wanted = {"image": {"tag": "2", "pull": "yes"}, "list": ["a"], "mode": 420, "replicas": 3}
    assert edited(text, wanted, "v.yaml") == (
        "# ours\nimage:\n  tag: '2'  # pinned\n\n  pull: \"yes\"\nlist:\n  - a\nmode: 0644\n"
        "replicas: 3\n"
    )


def test_full_values_need_no_reuse() -> None:
    old = chart_of({"Chart.yaml": META, "values.yaml": b"a: 1\nb: 1\n"}, "old")
    new = chart_of({"Chart.yaml": META, "values.yaml": b"a: 2\nb: 2\nc: 2\n"}, "new")
    files = {"v.yaml": "# ours\nb: 5\n"}
    change = change_of(
        new,
        ValuesInput(files=("v.yaml",)),
        old=old,
        old_user={"a": 7},
        mode=Mode.REUSE,
        read=files.__getitem__,
    )
    text = full_values(change)
    assert text == "# ours\nb: 5\na: 7\n"
    reset = upgrade_values(Mode.RESET, "4", old, {"a": 7}, new, read_values(text, "v.yaml"))
    assert reset.values == change.under(Mode.RESET_THEN_REUSE).values == {"a": 7, "b": 5, "c": 2}


def test_a_file_that_cannot_be_edited_is_left_alone() -> None:
    with pytest.raises(ReadError, match="cannot be edited"):
        edited("a: 1\na: 2\n", {"a": 3}, "v.yaml")


def test_the_fix_of_hidden_defaults_edits_the_values_file_unless_it_would_show_secrets() -> None:
    old = chart_of({"Chart.yaml": META, "values.yaml": b"a: 1\n"}, "old")
    new = chart_of({"Chart.yaml": META, "values.yaml": b"a: 2\n"}, "new")
    files = {"v.yaml": "# ours\nb: 5\n"}
    values_input = ValuesInput(files=("v.yaml",))
    for user, text in (({"c": 7}, "# ours\nb: 5\nc: 7\n"), ({"password": "x"}, None)):
        change = change_of(
            new, values_input, old=old, old_user=user, mode=Mode.REUSE, read=files.__getitem__
        )
        (violation,) = reuse_hides_defaults.check.check(change, Context(Target(NEWEST)))
        assert [edit.text for edit in violation.fixes[0].edits] == ([text] if text else [])
