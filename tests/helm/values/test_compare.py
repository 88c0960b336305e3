"""The modes compared for one upgrade, and hazards of single values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from policylint.checks import missing_values_under_reuse
from policylint.engine.rule import Context
from policylint.helm.inputs.sides import ValuesInput
from policylint.helm.values.chart import Chart, chart_of
from policylint.helm.values.compare import compare_modes, table, to_json
from policylint.helm.values.hazards import in_file, in_flags
from policylint.helm.values.modes import Mode
from policylint.helm.values.subject import ValuesChange, change_of, failure_of
from policylint.kubernetes.api.schemas import NEWEST
from policylint.kyaml.lines import line_of
from policylint.model import Confidence, Target


def chart(values: str, template: str = "") -> Chart:
    meta = b"apiVersion: v2\nname: app\nversion: 1.0.0\n"
    return chart_of(
        {"Chart.yaml": meta, "values.yaml": values.encode(), "templates/a.yaml": template.encode()},
        "app",
    )


def upgrade(mode: Mode = Mode.REUSE) -> ValuesChange:
    old = chart("image: {tag: '1'}\nreplicas: 1\nauth: {password: old-secret}\n")
    new = chart(
        "image: {tag: '2'}\nreplicas: 1\nextra: {a: 1}\nauth: {password: new-secret}\n",
        "{{ .Values.extra.a }}",
    )
    user = {"replicas": 3, "own": True}
    return change_of(new, ValuesInput(set=("x=1",)), old=old, old_user=user, mode=mode)


def test_what_reuse_hides_and_breaks() -> None:
    comparison = compare_modes(upgrade())
    hidden = {
        difference.key: (difference.before, difference.after, difference.image)
        for difference in comparison.hidden
    }
    assert hidden == {
        "image.tag": ("1", "2", True),
        "extra.a": (None, 1, False),
        "auth.password": ("old-secret", "new-secret", False),
    }
    assert [missing.words for missing in comparison.missing] == [
        "<.Values.extra.a>: nil pointer evaluating interface {}.a"
    ]
    assert {difference.key for difference in comparison.reverting} == {"replicas", "own"}


def test_the_table_shows_the_modes_side_by_side_and_no_secret(snapshot: Any) -> None:
    text = table(compare_modes(upgrade()))
    assert "secret" not in text.replace("(redacted)", "")
    assert text == snapshot


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 0644", "octal number 420"),
        ("a: yes", "read as true"),
        ("a: off", "read as false"),
        ("tag: 1.10", "number 1.1"),
        ("commit: 1e5", "number 100000"),
        ("id: 12345678901234567890", "53 bits"),
        ("build: 20260101", "2.02601e+07"),
    ],
)
def test_hazards_of_files(text: str, words: str) -> None:
    (hazard,) = in_file(text, "v.yaml")
    assert words in hazard.message
    assert hazard.line == 1


@pytest.mark.parametrize(
    "text",
    ["a: true", "a: '0644'", "defaultMode: 0644", "a: 1.5", "port: 8080", "a: 12:30", "v: 1.2.3"],
)
def test_no_hazards(text: str) -> None:
    assert list(in_file(text, "v.yaml")) == []


def test_hazards_of_flags_need_a_default_of_another_type() -> None:
    values_input = ValuesInput(
        set=("zip=12345", "port=80", "on=true", "new=1"), set_string=("flag=false", "n=1", "t=x")
    )
    defaults = {"zip": "00000", "port": 1, "on": False, "flag": True, "n": 2, "t": "y"}
    assert [hazard.path for hazard in in_flags(values_input, defaults)] == [
        ("zip",),
        ("flag",),
        ("n",),
    ]


@pytest.mark.parametrize(
    "message",
    [
        "Error: template: app/templates/n.yaml:4:21: at <.Values.b.c>: nil pointer evaluating {}.c",
        (
            "Error: app/templates/n.yaml:4:21\n  executing at <.Values.b.c>:\n"
            "    nil pointer evaluating {}.c"
        ),
    ],
)
def test_what_both_helm_lines_say_of_a_failed_render(message: str) -> None:
    failure = failure_of(message)
    assert (failure.template, failure.line, failure.key, failure.nil_pointer) == (
        "app/templates/n.yaml",
        4,
        "b.c",
        True,
    )


def test_a_failed_render_makes_the_forecast_certain_or_is_told_by_itself() -> None:
    change = replace(
        upgrade(),
        failure=failure_of(
            "app/templates/a.yaml:1:10: at <.Values.extra.a>: nil pointer evaluating"
        ),
    )
    (certain,) = missing_values_under_reuse.check.check(change, Context(Target(NEWEST)))
    assert certain.confidence is Confidence.CERTAIN
    unforeseen = replace(
        change,
        failure=failure_of("app/templates/b.yaml:7:3: at <.Values.x.y>: nil pointer evaluating"),
    )
    foreseen, told = missing_values_under_reuse.check.check(unforeseen, Context(Target(NEWEST)))
    assert foreseen.confidence is None
    assert "app/templates/b.yaml:7 reads .Values.x.y" in told.message


def test_lines_of_keys() -> None:
    text = "# top\na:\n  b: 1\n  c: [x, {d: 2}]\n'e.f': 3\n"
    assert [line_of(text, path) for path in (("a", "b"), ("a", "c", "1", "d"), ((
        "e.f"
    ),), ("a", "z"), ("q",))] == [
        3, 4, 5, 2, 0,
    ]  # fmt: skip


def test_the_machine_view_masks_secrets_and_names_templates() -> None:
    change = upgrade()
    document = to_json(change, compare_modes(change))
    assert document["user_values"] == {"replicas": 3, "own": True, "x": 1}
    assert document["missing"] == [
        {
            "template": "app/templates/a.yaml",
            "line": 1,
            "message": "<.Values.extra.a>: nil pointer evaluating interface {}.a",
        }
    ]
    assert "secret" not in json.dumps(document)
    assert {row["key"] for row in document["modes"]} >= {"image.tag", "auth.password", "own"}
