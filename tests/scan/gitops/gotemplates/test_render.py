"""Go templates: what text/template with sprig's functions prints, as scripts/record_gotemplates.py
recorded it, and nothing where that is not evaluated here."""

import json
from pathlib import Path

import pytest

from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.render import rendered
from policylint.scan.gitops.gotemplates.values import Withheld, from_json

FOLDER = Path("fixtures/gotemplates")
DATA = from_json(json.loads((FOLDER / "data.json").read_text("utf-8")))
ROWS = [json.loads(line) for line in (FOLDER / "recorded.jsonl").read_text("utf-8").splitlines()]


def printed(template, data=DATA, **options):
    """What a template prints; None where it is refused, or not evaluated here."""
    try:
        return rendered(template, data, **options)
    except TemplateError:
        return None


def test_what_go_prints():
    differing = [
        row["template"]
        for row in ROWS
        if "unknown" not in row
        and printed(row["template"], is_strict=row["strict"]) != row.get("printed")
    ]
    assert differing == []


def test_what_is_not_evaluated_is_not_guessed():
    unknown = [row for row in ROWS if "unknown" in row]
    assert unknown
    assert {printed(row["template"], is_strict=row["strict"]) for row in unknown} == {None}


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ now }}", "the function now asks the clock"),
        ("{{ randAlphaNum 5 }}", "the function randAlphaNum makes something else each time"),
        ('{{ semverCompare ">1" "2" }}', "the function semverCompare is not evaluated here"),
        ("{{ exec .x }}", "the function exec is no function of these templates"),
        ("{{ keys .map | join `,` }}", None),
        ("{{ keys .labels | join `,` }}", "come in no order"),
        ("{{ values .labels }}", "come in no order"),
    ],
)
def test_what_is_not_known_is_called_by_its_name(template, words):
    if words is None:
        template = template.replace(".map", "(dict 1 2)")
        assert printed(template) == "1"
        return
    with pytest.raises(TemplateError, match=words):
        rendered(template, DATA)


@pytest.mark.parametrize(
    "template",
    [
        "{{ range until 100000 }}{{ range until 100000 }}x{{ end }}{{ end }}",
        '{{ repeat 100000 (repeat 100000 "x") }}',
        '{{ printf "%99999999d" 1 }}',
        '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}',
        '{{ $x := "xxxxxxxx" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}',
        '{{ set . "self" . }}',
        "{{ " + "(" * 5000 + ")" * 5000 + " }}",
        "{{ if .x }}" * 5000,
        "{{" * 50_000,
        "{{ 1" + "0" * 5000 + " }}",
    ],
)
def test_hostile_templates_end(template):
    assert printed(template, {"x": 1}) is None


def test_the_data_stay_as_they_are():
    data = {"map": {"a": "1"}}
    assert rendered('{{ $x := set .map "a" "2" }}{{ .map.a }}', data) == "2"
    assert data == {"map": {"a": "1"}}


def test_other_delimiters():
    written = '<<- if eq .env "prod" >>a: {{ x }}<< end ->>\n b'
    assert printed(written, delimiters=("<<", ">>")) == "a: {{ x }}b"


@pytest.mark.parametrize(
    "template", ["{{ .v.a }}", '{{ .v.a | default "b" }}', "{{ if .v }}{{ end }}"]
)
def test_data_that_are_not_known_have_no_default(template):
    assert printed(template, {"v": Withheld("a secret")}) is None
