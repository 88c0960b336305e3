"""Which line of a template made a line of its render."""

from __future__ import annotations

import pytest

from policylint.helm.render.templatelines import template_line

TEMPLATE = """\
{{- if .Values.on }}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
  labels:
    {{- include "labels" . | nindent 4 }}
spec:
  type: {{ .Values.type }}
  ports:
  {{- range .Values.ports }}
    - name: {{ .name }}
      port: {{ .port }}
  {{- end }}
  selector:
    name: {{ .Release.Name }}
  extra:
    {{- toYaml .Values.extra | nindent 4 }}
{{- end }}
"""
RENDER = """\
# Source: app/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: web
  labels:
    app: web
spec:
  type: ClusterIP
  ports:
    - name: http
      port: 80
    - name: https
      port: 443
  selector:
    name: web
  extra:
    a: b
"""
LINES = RENDER.splitlines()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  type: ClusterIP", 9),
        ("kind: Service", 3),
        ("  name: web", 5),
        ("    name: web", 16),
        ("      port: 80", 13),
        ("      port: 443", 13),
        ("    app: web", 0),
        ("    a: b", 0),
        ("# Source: app/templates/service.yaml", 0),
    ],
)
def test_the_one_line_that_can_have_printed_it(text: str, line: int) -> None:
    assert template_line(RENDER, LINES.index(text) + 1, TEMPLATE) == line


@pytest.mark.parametrize("line", [0, len(LINES) + 1])
def test_a_line_that_the_render_lacks_has_none(line: int) -> None:
    assert template_line(RENDER, line, TEMPLATE) == 0


def test_of_two_branches_none_is_guessed() -> None:
    template = "spec:\n{{ if .a }}\n  size: {{ .b }}\n{{ else }}\n  size: {{ .c }}\n{{ end }}\n"
    assert template_line("spec:\n  size: 1\n", 2, template) == 0


def test_an_action_of_several_lines_prints_nothing_of_its_own() -> None:
    template = "a: 1\n{{ if and\n  size: x }}\nsize: {{ .b }}\n{{ end }}\n"
    assert template_line("a: 1\nsize: 1\n", 2, template) == 4
