"""Templates are filled with text of the same length, whatever stands in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.scan.texts.holes import HOLE, fill

ACTIONS = (
    "{{ .x }}",
    "{{- if .a }}",
    "{{ else }}",
    "{{ end -}}",
    "{% for a in b %}",
    "{% endfor %}",
    "${VAR}",
    "{{",
    "}}",
)
TEXTS = st.lists(st.one_of(st.sampled_from(ACTIONS), st.text("ab: -'\"\n{}%$`", max_size=6))).map(
    "".join
)


@settings(deadline=None)
@given(TEXTS)
def test_filling_keeps_every_position(text: str) -> None:
    filled = fill(text)
    assert len(filled.text) == len(text)
    assert [index for index, char in enumerate(filled.text) if char == "\n"] == [
        index for index, char in enumerate(text) if char == "\n"
    ]
    assert all(ours in (theirs, HOLE, " ") for ours, theirs in zip(filled.text, text, strict=True))


@settings(deadline=None)
@given(st.text("ab: -'\"\n}", max_size=80))
def test_a_text_without_templates_stays(text: str) -> None:
    assert fill(text).text == text


def shown(text: str) -> str:
    return fill(text).text.replace(HOLE, "#")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: {{ .b }}", "a: ########"),
        ("a: '{{ .b }}-c'", "a: '########-c'"),
        ('a: {{ "}}" }}', "a: ##########"),
        ("a: {{`{{ .b }}`}}", "a: ##############"),
        ("a: ${{ b }}", "a: ########"),
        ("a: {{{ b }}}", "a: #########"),
        ("a: {{ if .x }}b{{ else }}c{{ end }}", "a: " + "#" * 32),
        ("{{- if .x }}", " " * 12),
        ("a: b {{- end }}", "a: b           "),
        ("a: {{/* it's */}}b", "a:               b"),
        ("%{ if x ~}", " " * 10),
        ("a: https://%{API}%/b", "a: https://%{API}%/b"),
        ("[{a: 1}, {b: {c: 2}}]", "[{a: 1}, {b: {c: 2}}]"),
    ],
)
def test_what_an_action_becomes(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_branches_are_pairs_over_several_lines() -> None:
    text = (
        "{{ if .a }}\na: 1\n{{ range .b }}\nb: 2\n{{ end }}\n{{ end }}\nc: {{ if .d }}1{{ end }}\n"
    )
    assert sorted(fill(text).branches) == [(0, 5), (2, 4)]


def test_a_printing_line_may_hold_keys_at_its_indent() -> None:
    assert fill("a:\n  {{- toYaml .b | nindent 4 }}\n  {{ .c }}\n").openings == ((1, 4), (2, 2))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{{ $a := "x" }}\nb: {{ $a }}', "x"),
        ('{% set a = "x" %}\nb: {{ a }}', "x"),
        ('{{ $a := "x" }}{{ $a = "y" }}\nb: {{ $a }}', "{{ $a }}"),
        ("{{ $a := .Values.x }}\nb: {{ $a }}", "{{ $a }}"),
    ],
)
def test_a_variable_set_once_to_a_literal_is_known(text: str, expected: str) -> None:
    assert fill(text).known("{{ $a }}" if "$a" in text else "{{ a }}") == expected


def test_block_scalars_are_left_as_they_are() -> None:
    text = (
        "a: |\n  {{ x }}\n\n  {{ if y }}\nb:\n  - >-\n    {{ z }}\n  - c: |- # d\n      {{ w }}\n"
        "    e: {{ v }}\n"
    )
    assert shown(text) == text.replace("{{ v }}", "#######")
    assert fill(text).branches == ()


def test_a_line_below_a_block_scalar_is_filled_again() -> None:
    assert (
        shown("a: |\n  text\n{{ if .x }}\nb: {{ y }}\n")
        == f"a: |\n  text\n{' ' * 11}\nb: #######\n"
    )


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("a: #{ b }#", True),
        ("a: x-#{b}", True),
        ("- #{b}", True),
        ("a: b  #{c}", False),
        ("a: #@ data.b", True),
        ("#@ a comment", False),
        ("a: << inputs.b >>", True),
        ("<<: *a", False),
    ],
)
def test_templates_that_look_like_comments(text: str, filled: bool) -> None:
    assert (HOLE in fill(text).text) is filled


def test_where_each_else_stands() -> None:
    text = "{{ if a }}\nx: 1\n{{ else }}\nx: 2\n{{ end }}\n"
    assert fill(text).otherwise == ((2, 4),)
