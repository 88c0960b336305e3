"""`policylint test`, `init` and `config`: rules of one's own, a first configuration, what holds
here."""

import json
from pathlib import Path

import pytest

from policylint.commands.test import failures, rules_below
from tests.cli.test_cli import policylint

ROOT = Path(__file__).parents[2]
RULE = """\
title: A Deployment without an owner label
category: practice
severity: warning
operations: [CREATE, UPDATE]
kinds: [apps/Deployment]
validations:
  - expression: has(object.metadata.labels) && 'owner' in object.metadata.labels
    messageExpression: "'nobody owns ' + object.metadata.name"
page: |
  What happens: nobody is called.

  Why: the label is missing.

  What to do instead: add it.
examples:
  - name: none
    expect: %s
    after: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
  - name: owned
    expect: pass
    after: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web, labels: {owner: shop}}
"""


def test_the_shipped_rules_do_what_their_examples_say():
    rules = rules_below(ROOT / "rules")
    assert rules
    assert [line for rule in rules for line in failures(rule)] == []


@pytest.mark.parametrize(("expected", "code"), [("fail", 0), ("pass", 1)])
def test_a_rule_of_ones_own(tmp_path, expected, code):
    (tmp_path / "owner-missing.yaml").write_text(RULE % expected)
    done = policylint("test", tmp_path)
    assert done.returncode == code, done.stderr
    if code:
        assert "example none gives fail, not pass" in done.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("titel: x\n", "did you mean title"),
        ("validations: []\n", ""),
        ("- a\n", "a rule is a mapping"),
    ],
)
def test_a_broken_rule_is_an_error(tmp_path, change, words):
    text = (
        change
        if change.startswith("-")
        else RULE.replace("title:", "titel:") % "fail"
        if "titel" in change
        else change
    )
    (tmp_path / "r.yaml").write_text(text)
    done = policylint("test", tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_init_prints_a_configuration_that_holds(tmp_path):
    chart = tmp_path / "deploy" / "web"
    chart.mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    printed = policylint("init", cwd=tmp_path)
    (tmp_path / ".policylint.yaml").write_text(printed.stdout)
    done = policylint("config", "--explain", cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["releases"][0]["name"] == "web"
    assert ".policylint.yaml" in done.stderr
