"""YAML of no CI that is known: what in it is run, and what only looks so."""

from __future__ import annotations

from policylint.scan.repository.registry import read_source
from policylint.scan.texts.source import Source

_RULE = """\
title: Jobs are not waited for
severity: warning
subject: invocation
validations:
  - {expression: "true", message: never}
examples:
  - {name: pods, expect: fail, command: helm upgrade web ./web --wait}
  - name: both
    expect: pass
    script: helm upgrade web ./web --wait --wait-for-jobs
"""
_TASKS = "tasks:\n  - name: deploy\n    command: helm upgrade web ./web\n"


def _lines(text: str) -> list[int]:
    return [reading.line for reading in read_source(Source.of("a.yaml", text.encode()))]


def test_the_examples_of_a_rule_are_run_by_nobody() -> None:
    assert _lines(_RULE) == []


def test_a_pipeline_beside_a_rule_is_read() -> None:
    assert _lines(f"{_RULE}---\n{_TASKS}") == [14]


def test_a_pipeline_that_has_validations_or_examples_is_read() -> None:
    assert _lines(f"{_TASKS}validations: [{{command: helm uninstall web}}]\n") == [3, 4]
    assert _lines(f"{_TASKS}examples: [{{command: helm uninstall web}}]\n") == [3, 4]
