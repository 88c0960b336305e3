"""`policylint rules` and `explain` know what the configuration of the directory brings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policylint.cli.app import run
from tests.helm.sources.repository import Repo
from tests.pipeline.test_waiving import branch, request

RULE = """\
title: A command that names no context
severity: error
subject: invocation
tools: [helm]
validations: [{expression: "false", message: %s}]
"""
POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: replicas}
spec:
  matchConstraints: {resourceRules: []}
  validations: [{expression: object.spec.replicas < 4, message: at most three}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: everywhere}
spec: {policyName: replicas, validationActions: [Warn]}
"""


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = Repo(tmp_path / "repo").init()
    monkeypatch.chdir(made.top)
    made.file("policies/context.yaml", RULE % "of the base")
    made.file("policies/replicas.yaml", POLICY)
    made.file(".policylint.yaml", "packs: [policies]\n")
    made.file("deploy.sh", "helm upgrade web ./web\n")
    made.commit("base")
    return made


def test_the_rules_of_packs_are_listed_and_explained(
    room: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rules", "--format", "json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)["rules"]}
    assert rows["context"]["pack"] == "policies"
    assert rows["atomic-missing"]["pack"] == "core"
    assert run(["explain", "context"]) == 0
    assert "A command that names no context" in capsys.readouterr().out


def test_a_policy_is_explained_by_its_name(room: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "replicas"]) == 0
    page = capsys.readouterr().out
    assert "policies/replicas.yaml:1, bound by everywhere (Warn)" in page
    assert "demands: object.spec.replicas < 4\n  says: at most three" in page
    assert run(["explain", "nobody"]) == 1


def test_a_pack_that_cannot_be_read_is_an_error(
    room: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    room.file("policies/context.yaml", RULE.replace("severity", "severty") % "x")
    assert run(["rules"]) == 2
    assert "context.yaml:2" in capsys.readouterr().err
    assert run(["explain", "atomic-missing"]) == 0  # a shipped rule needs no pack


def test_in_a_pull_request_the_base_s_packs_judge_a_scan_and_are_explained(
    room: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    branch(room)
    room.file("policies/context.yaml", RULE.replace("error", "note") % "of the change")
    room.commit("softer")
    request(monkeypatch)
    assert run(["scan", "--format", "json"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [row["message"] for row in findings if row["rule"] == "context"] == ["of the base"]
    assert run(["explain", "context"]) == 0
    assert "practice / error" in capsys.readouterr().out
