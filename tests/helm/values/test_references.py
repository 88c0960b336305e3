"""Which values templates read: what must count as read, and what may be called unread."""

from __future__ import annotations

import pytest

from policylint.helm.values.chart import chart_of
from policylint.helm.values.references import broken, scan, usage

META = "apiVersion: v2\nname: {}\nversion: 1.0.0\n"


def reads(template: str, key: str, **files: str) -> bool:
    chart_files = {"Chart.yaml": META.format("app"), "templates/a.yaml": template, **files}
    chart = chart_of({name: text.encode() for name, text in chart_files.items()}, "app")
    return usage(chart).reads(tuple(key.split(".")))


@pytest.mark.parametrize(
    ("template", "key"),
    [
        ("{{ .Values.a.b }}", "a.b"),
        ("{{ .Values.a.b }}", "a"),
        ("{{ .Values.a }}", "a.b.c"),
        ("{{- with $.Values.a }}{{ .b }}{{ end }}", "a.b"),
        ("{{ $root.Values.a.b }}", "a.b"),
        ('{{ index .Values "a-b" "c" }}', "a-b.c"),
        ('{{ get .Values.a "b" }}', "a.b"),
        ("{{ toYaml .Values }}", "anything"),
        ("{{ range $k, $v := .Values }}{{ end }}", "x.y"),
        ('{{ include "x" (dict "v" .Values.a "root" $) }}', "a.b"),
        ("{{- /* note */ -}}{{ .Values.a }}", "a"),
        ("{{\n  .Values.a\n}}", "a"),
    ],
)
def test_read(template: str, key: str) -> None:
    assert reads(template, key)


@pytest.mark.parametrize(
    ("template", "key"),
    [
        ("{{ .Values.a.b }}", "a.c"),
        ("{{/* .Values.a */}}", "a"),
        ("text .Values.a", "a"),
        ('{{ "the value .Values.a" }}', "a"),
        ("{{ .Values.abc }}", "ab"),
        ('{{ index .Values "a" "b" }}', "a.c"),
    ],
)
def test_not_read(template: str, key: str) -> None:
    assert not reads(template, key)


def test_helpers_and_values_that_are_templates_count() -> None:
    assert reads(
        '{{ include "h" . }}',
        "x.y",
        **{"templates/_h.tpl": '{{ define "h" }}{{ .Values.x }}{{ end }}'},
    )
    assert reads("{{ tpl .Values.t . }}", "host", **{"values.yaml": 't: "{{ .Values.host }}"\n'})
    assert reads('{{ tpl (.Files.Get "a.txt") . }}', "z", **{"a.txt": "{{ .Values.z }}"})


def test_scopes_of_subcharts() -> None:
    wish = (
        "dependencies: [{name: db, version: 1.0.0, alias: store, condition: store.on, tags: [t]}]\n"
    )
    files = {
        "Chart.yaml": META.format("app") + wish,
        "charts/db/Chart.yaml": META.format("db"),
        "charts/db/templates/a.yaml": "{{ .Values.size }}{{ .Values.global.zone }}",
    }
    usages = usage(chart_of({name: text.encode() for name, text in files.items()}, "app"))
    known = ("store.size", "store.on", "global.zone", "tags.t")
    assert all(usages.reads(tuple(key.split("."))) for key in known)
    assert not usages.reads(("store", "sise"))
    assert not usages.reads(("size",))


def test_a_missing_dependency_makes_everything_possible() -> None:
    assert reads(
        "",
        "a",
        **{"Chart.yaml": META.format("app") + "dependencies: [{name: common, version: 1.x.x}]\n"},
    )


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ("{{ .Values.a.b }}", (1, 10)),
        ("x\n  {{- .Values.a.b }}", (2, 13)),
        ("{{ $.Values.a.b }}", (1, 4)),
        ("{{ if .Values.on }}{{ .Values.a.b }}{{ end }}", (1, 29)),
    ],
)
def test_what_is_missing_is_placed_as_helm_places_it(template: str, place: tuple[int, int]) -> None:
    (placed,) = [
        reference for reference in scan(template, "a.yaml") if broken(reference, {"on": True})
    ]
    assert (placed.line, placed.column) == place


@pytest.mark.parametrize(
    "template",
    [
        "{{ if .Values.a }}{{ .Values.a.b }}{{ end }}",
        "{{ with .Values.a }}{{ $.Values.a.b }}{{ end }}",
        "{{ if .Values.off }}{{ .Values.a.b }}{{ end }}",
        "{{ if and .Values.a .Values.a.b }}{{ end }}",
        "{{ if not .Values.on }}{{ .Values.a.b }}{{ end }}",
        '{{ define "h" }}{{ .Values.a.b }}{{ end }}',
        "{{ if .Values.on }}x{{ else }}{{ .Values.a.b }}{{ end }}",
        "{{ (.Values.a).b }}",
        "{{ .Values.here.b }}",
    ],
)
def test_what_may_be_guarded_is_not_called_missing(template: str) -> None:
    assert not [
        reference
        for reference in scan(template, "a.yaml")
        if broken(reference, {"on": True, "here": {}})
    ]
