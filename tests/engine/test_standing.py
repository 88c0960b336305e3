"""What was there before the change is counted and left out of a check, what stops it never."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policylint.commands.check import check
from policylint.helm.inputs.options import Options
from policylint.model import Severity, Verdict
from policylint.report.formats import render
from policylint.report.model import ReleaseReport
from tests.helm.sources.repository import Repo
from tests.helms import any_helm

HOOK = """
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  namespace: prod
  annotations: {helm.sh/hook: pre-upgrade, helm.sh/hook-delete-policy: %(policy)s}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: c, image: "web:%(tag)s"}]}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod}
spec:
  selector: {matchLabels: {app: web, version: v%(version)s}}
  template:
    metadata: {labels: {app: web, version: v%(version)s}}
    spec: {containers: [{name: web, image: "web:%(tag)s"}]}
"""
OWNER = """
title: Nobody owns it
severity: warning
kinds: [apps/Deployment]
validations: [{expression: "has(object.metadata.annotations)", message: nobody owns it}]
"""


def judged(
    room: Path, before: str, after: str, config: str = "{}", **options: object
) -> ReleaseReport:
    for name, text in (("before.yaml", before), ("after.yaml", after), ("config.yaml", config)):
        (room / name).write_text(text)
    sides = {"before": str(room / "before.yaml"), "after": str(room / "after.yaml")}
    config_file = str(room / "config.yaml")
    wanted = Options(**sides, namespace="prod", config=config_file, blame=0, **options)
    return check(wanted).releases[0]


def rules(report: ReleaseReport) -> list[str]:
    return [finding.rule for finding in report.findings]


HOOKS = [HOOK % {"policy": "hook-succeeded", "tag": tag} for tag in (1, 2)]
DEPLOYMENTS = [DEPLOYMENT % {"version": 1, "tag": tag} for tag in (1, 2)]


@pytest.mark.parametrize(
    ("rule", "sides"),
    [("hook-left-behind", HOOKS), ("volatile-selector-label", DEPLOYMENTS)],
)
def test_what_both_sides_have_is_counted_and_shown_where_it_is_asked_for(tmp_path, rule, sides):
    quiet = judged(tmp_path, *sides)
    assert rules(quiet) == []
    assert [finding.rule for finding in quiet.standing] == [rule]
    assert rules(judged(tmp_path, *sides, all_findings=True)) == [rule]
    assert rules(judged(tmp_path, "", sides[1])) == [rule]


def test_what_the_change_brings_or_makes_otherwise_is_shown(tmp_path):
    sound = HOOK % {"policy": '"hook-succeeded,hook-failed"', "tag": 1}
    assert rules(judged(tmp_path, sound, HOOKS[1])) == ["hook-left-behind"]
    second = HOOK % {"policy": '""', "tag": 1}
    assert "hook-left-behind" in rules(judged(tmp_path, second, HOOKS[1]))


def test_an_error_is_never_left_out(tmp_path):
    config = "rules: {hook-left-behind: error}"
    report = judged(tmp_path, *HOOKS, config)
    assert report.verdict is Verdict.FAIL
    assert rules(report) == ["hook-left-behind"]


def test_what_fails_the_check_is_never_left_out(tmp_path):
    report = judged(tmp_path, *HOOKS, fail_on=Severity.NOTE)
    assert report.verdict is Verdict.FAIL
    assert rules(report) == ["hook-left-behind"]


@pytest.mark.parametrize("folder", ["acme", "core"])
def test_a_rule_of_a_pack_is_never_left_out_whatever_the_pack_is_called(tmp_path, folder):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "owner.yaml").write_text(OWNER)
    report = judged(tmp_path, *DEPLOYMENTS, f"packs: [{folder}]")
    assert "owner" in rules(report)


def test_a_hook_that_the_cluster_refuses_is_told_though_it_was_there_before(tmp_path):
    both = [
        (HOOK % {"policy": "hook-failed", "tag": tag}).replace(
            "pre-upgrade", '"pre-install,pre-upgrade"'
        )
        for tag in (1, 2)
    ]
    assert rules(judged(tmp_path, *both)) == ["hook-refused"]


def test_values_and_commands_that_the_base_has_too(tmp_path, monkeypatch):
    repo = Repo(tmp_path / "repo").init()
    repo.file("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n")
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: {{ .Values.a }}}\n"
    repo.file("chart/templates/a.yaml", template)
    repo.file("values.yaml", "a: red\nreplica: 3\n")
    repo.file("deploy.sh", "helm upgrade web ./chart -n prod -f values.yaml\n")
    release = "{name: web, namespace: prod, chart: ./chart, values: [values.yaml]}"
    repo.file(".policylint.yaml", f"releases: [{release}]\n")
    repo.commit()
    monkeypatch.chdir(repo.top)
    repo.file("values.yaml", "a: blue\nreplica: 3\nreplicaz: 4\n")
    options = Options(before="git:HEAD", helm=any_helm().name, blame=0)
    report = check(options).releases[0]
    assert rules(report) == ["unused-values-key"]
    assert report.findings[0].message.startswith("replicaz ")
    left_out = {finding.rule for finding in report.standing}
    assert {"unused-values-key", "atomic-missing", "wait-missing"} <= left_out


def test_a_waiver_of_what_is_left_out_is_in_use(tmp_path):
    config = "waivers: [{rule: hook-left-behind, reason: known}]"
    report = judged(tmp_path, *HOOKS, config)
    assert report.standing == ()
    assert [finding.rule for finding in report.settled] == ["hook-left-behind"]


def test_the_count_is_in_every_view(tmp_path):
    judged(tmp_path, *HOOKS)
    sides = {"before": str(tmp_path / "before.yaml"), "after": str(tmp_path / "after.yaml")}
    report = check(Options(**sides, config=str(tmp_path / "config.yaml")))
    document = json.loads(render("json", report))
    assert document["summary"]["standing"] == document["releases"][0]["standing"] == 1
    assert "1 finding about what was there before: --all-findings" in render("text", report)
