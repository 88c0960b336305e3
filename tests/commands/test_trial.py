"""`policylint test`, `init` and `config`: rules of one's own, a first configuration, what holds
here."""

import json
from pathlib import Path

import pytest

from policylint.commands.test import try_pack
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
    done = try_pack(ROOT / "rules")
    assert done.rules
    assert [*done.wrong(), *done.uncovered()] == []


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


VAP = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few-replicas}
spec:
  matchConstraints:
    resourceRules:
      - apiGroups: [apps]
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [deployments]
  validations: [{expression: object.spec.replicas <= 5, message: at most five}]
"""
BINDING = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few-replicas}
spec: {policyName: few-replicas, validationActions: [Deny]}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
"""
KYVERNO = """\
apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: few}
policies: [../policy.yaml]
resources: [resources.yaml]
results:
  - {policy: few-replicas, resources: [many], kind: Deployment, result: fail}
  - {policy: few-replicas, resources: [few], kind: Deployment, result: %s}
"""


def pack(tmp_path, **files):
    for name, text in files.items():
        file = tmp_path / name.replace("__", "/").replace("_yaml", ".yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.mark.parametrize(("expected", "code"), [("pass", 0), ("skip", 0), ("fail", 1)])
def test_the_test_files_of_kyverno_are_run(tmp_path, expected, code):
    resources = f"{DEPLOYMENT % ('many', 9)}---\n{DEPLOYMENT % ('few', 2)}"
    pack(tmp_path, policy_yaml=VAP, tests__resources_yaml=resources)
    (tmp_path / "tests/kyverno-test.yaml").write_text(KYVERNO % expected)
    done = policylint("test", tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert "1 rules, 2 examples" in done.stdout
    if code:
        assert "few-replicas: tests: Deployment few gives pass, not fail" in done.stdout


def test_a_resource_that_no_file_holds_is_unknown_not_skipped(tmp_path):
    pack(tmp_path, policy_yaml=VAP, tests__resources_yaml=DEPLOYMENT % ("few", 2))
    (tmp_path / "tests/kyverno-test.yaml").write_text(KYVERNO % "pass")
    done = policylint("test", tmp_path)
    assert done.returncode == 2
    assert "no resource is called so" in done.stdout


def test_the_cases_of_directories_try_rules_and_policies_and_tell_what_none_tries(tmp_path):
    pack(tmp_path, policy_yaml=f"{VAP}---\n{BINDING}")
    case = tmp_path / "fixtures/few-replicas/fail-many"
    case.mkdir(parents=True)
    (case / "after.yaml").write_text(DEPLOYMENT % ("many", 9))
    done = policylint("test", tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("few-replicas: no example that must pass\n")
    (tmp_path / "fixtures/few-replicas/pass-from-few-to-five").mkdir()
    for side, count in (("before", 2), ("after", 5)):
        text = DEPLOYMENT % ("web", count)
        (tmp_path / f"fixtures/few-replicas/pass-from-few-to-five/{side}.yaml").write_text(text)
    assert policylint("test", tmp_path).returncode == 0
