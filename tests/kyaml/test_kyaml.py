"""YAML as Kubernetes reads it: the recorded cases, lines, and text that must be refused."""

import json
from pathlib import Path

import pytest

from policylint.errors import ReadError
from policylint.kyaml import load

CASES = json.loads((Path(__file__).parents[2] / "fixtures/yaml/cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_reads_what_sigs_yaml_reads(case):
    if "error" in case:
        with pytest.raises(ReadError):
            load.load(case["yaml"], "case.yaml")
    else:
        document = load.load(case["yaml"], "case.yaml")
        assert document == case["json"]
        assert json.dumps(document) == json.dumps(case["json"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("v: {q: 3, <<: {q: 2}}", {"v": {"q": 2}}),  # go-yaml v2 merges where the key stands
        ("v: {<<: [{a: 1}, {a: 2, b: 3}]}", {"v": {"a": 1, "b": 3}}),
        ("v: !!str 12", {"v": "12"}),
        ("v: ! 4", {"v": "4"}),  # measured on Helm 3.22: a text, where libyaml resolves it
        ("v: !<!> true", {"v": "true"}),
        ("v: [&a ! null, 4]", {"v": ["null", 4]}),
        ("v: ! [1]", {"v": [1]}),
        ("v: !foo 12", {"v": "12"}),
        ("v: -0x1F", {"v": -31}),
        ("v: 0b12", {"v": "0b12"}),
        ("v: 0888", {"v": 888}),
        ("v: 0777", {"v": 511}),
        ("v: 1.5e3", {"v": 1500}),
        ("v: 1e-7", {"v": 1e-07}),
        ("v: 190:20:30", {"v": "190:20:30"}),
        ("{1.5: a, 0x10: b, off: c}", {"1.5": "a", "16": "b", "false": "c"}),
        ("v: 2001-12-14t21:59:43.10-05:00", {"v": "2001-12-14t21:59:43.10-05:00"}),
        ("v: yEs", {"v": "yEs"}),
        ('{"a": [1, 2.0, true, null]}', {"a": [1, 2.0, True, None]}),
    ],
)
def test_scalars_and_keys(text, value):
    assert load.load(text, "f") == value


def test_documents_know_their_line_and_template():
    text = "# Source: web/templates/a.yaml\nkind: A\n---\n# only a comment\n---\n\n"
    text += "# Source: web/templates/b.yaml\nkind: B\n"
    documents_read = load.split(text, "render")
    assert [(document.source, document.line) for document in documents_read] == [
        ("web/templates/a.yaml", 1),
        ("web/templates/b.yaml", 7),
    ]


def test_a_separator_inside_a_block_scalar_is_text():
    documents_read = load.split("a: |\n  ---\n  b\n---\nc: 1\n", "f")
    assert [document.body() for document in documents_read] == [{"a": "---\nb\n"}, {"c": 1}]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1,\n", 3, "expected"),
        ("a:\n\t- 1\n", 2, "indent with blanks"),
        ("a: 1\n---\nv: {{ .Values.x }}\n", 3, "template"),
        ("- a\n? b\n", 2, "expected"),
    ],
)
def test_broken_text_is_an_error_with_file_line_and_remedy(text, line, words):
    with pytest.raises(ReadError) as caught:
        for document in load.split(text, "values.yaml"):
            document.body()
    assert caught.value.file == "values.yaml"
    assert caught.value.line == line
    assert words in f"{caught.value.message} {caught.value.remedy}"


def test_an_alias_bomb_is_refused():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
    )
    with pytest.raises(ReadError, match="aliasing"):
        load.load(bomb, "bomb.yaml")


def test_deep_nesting_is_refused():
    with pytest.raises(ReadError):
        load.load("[" * 50_000, "deep.yaml")
    with pytest.raises(ReadError):
        load.load("[" * 50_000 + "]" * 50_000, "deep.yaml")


def test_an_alias_to_its_own_parent_is_refused():
    with pytest.raises(ReadError):
        load.load("&a [*a]", "loop.yaml")


def test_lines_of_keys():
    root = load.compose("a:\n  b:\n    - c: 1\n    - d: 2\n", "f")
    assert load.line_of(root, ("a", "b", 1, "d")) == 4
    assert load.line_of(root, ("a", "nothing")) == 1


def test_a_template_named_on_a_document_of_its_own_belongs_to_the_next():
    text = "---\n# Source: web/templates/a.yaml\n---\nkind: A\n---\nkind: B\n"
    assert [document.source for document in load.split(text, "render")] == [
        "web/templates/a.yaml",
        "",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "# a\n",
        "---\n",
        "--- # c\n---\n  # d\n",
        "---\r\n\r\n",
        "a: 1\n",
        "--- {a: 1}\n",
        "# a\n---\nb: 2\n",
        "--- |\n",
    ],
)
def test_content_is_found_where_cutting_finds_a_document(text):
    assert load.has_content(text) is bool(load.split(text, "f"))
