"""A baseline tells what is new; one approval lets one finding stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from tests.helm.sources.repository import Repo, laptop_repository

DEPLOY = "helm upgrade --install web ./web -n prod\n"
CONFIG = "fail-on: note\nreleases:\n  - {name: web, chart: ./web, namespace: prod}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}]}
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A release that is scaled to nothing, and a script that deploys it carelessly."""
    made = laptop_repository(tmp_path, monkeypatch)
    made.file("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
    made.file("web/values.yaml", "replicas: 1\n")
    made.file("web/templates/web.yaml", DEPLOYMENT)
    made.file("deploy.sh", DEPLOY)
    made.file(".policylint.yaml", CONFIG)
    made.commit("base")
    made.file("web/values.yaml", "replicas: 0\n")
    return made


def report(capsys: pytest.CaptureFixture[str], command: str = "check") -> tuple[int, Any]:
    capsys.readouterr()
    code = run([command, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_what_is_known_fails_nothing_and_what_is_new_does(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(capsys)[0] == report(capsys, "scan")[0] == 1
    assert run(["baseline", "check"]) == 2  # there is none
    assert run(["baseline", "write"]) == 0
    for command in ("check", "scan"):
        code, told = report(capsys, command)
        assert code == 0
        assert told["summary"]["known"] > 0
        assert told["summary"]["error"] == told["summary"]["note"] == 0
    assert run(["baseline", "check"]) == 0
    repo.file("other.sh", DEPLOY.replace("web ./web", "shop ./shop"))
    assert run(["baseline", "check"]) == 1
    assert "other.sh" in capsys.readouterr().out


def test_one_more_of_the_same_is_new(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    run(["baseline", "write"])
    repo.file("renamed.sh", f"#!/bin/sh\n\n{DEPLOY}")
    (repo.top / "deploy.sh").unlink()
    assert report(capsys, "scan")[0] == 0
    repo.file("deploy.sh", DEPLOY)
    code, told = report(capsys, "scan")
    assert code == 1
    assert {row["new"] for row in told["findings"]} == {True, False}


def test_prune_forgets_what_is_found_no_more_and_adds_nothing(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["baseline", "write"])
    file = repo.top / ".policylint/baseline.json"
    before = json.loads(file.read_text())["findings"]
    text = file.read_text()
    repo.file("web/templates/web.yaml", "{{ fail .Values }}")
    assert run(["baseline", "prune"]) == 2
    assert file.read_text() == text
    repo.file("web/templates/web.yaml", DEPLOYMENT + "# moved\n")
    repo.file("web/values.yaml", "replicas: 1\n")
    repo.file("other.sh", DEPLOY.replace("web ./web", "shop ./shop"))
    assert run(["baseline", "prune"]) == 0
    after = json.loads(file.read_text())["findings"]
    assert {row["rule"] for row in before} - {row["rule"] for row in after} == {"scaled-to-zero"}
    assert all(row in before for row in after)


def test_a_pull_request_that_adds_to_the_baseline_is_judged_by_the_base(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("switch", "--quiet", "--create", "feature")
    run(["baseline", "write"])
    repo.commit("stop it, and know it")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    code, told = report(capsys)
    assert code == 1
    assert told["summary"]["known"] == 0
    assert [row["rule"] for row in told["findings"]] == ["gate-changed"]


@pytest.mark.parametrize("text", ["{}", "[]", '{"schema": "other", "findings": []}', "nothing"])
def test_a_broken_baseline_is_an_error_with_its_name(
    repo: Repo, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    repo.file(".policylint/baseline.json", text)
    assert run(["check"]) == 2
    assert ".policylint/baseline.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    "there",
    [
        "",
        "# ours\n- {rule: x, resource: web, reason: z}\n",
        "waivers:\n  - {rule: x, resource: web, reason: z}",
    ],
)
def test_approve_adds_exactly_one(
    repo: Repo, capsys: pytest.CaptureFixture[str], there: str
) -> None:
    run(["check", "--format", "json=report.json"])
    row = json.loads(Path("report.json").read_text())["releases"][0]["findings"][0]
    if there:
        repo.file(".policylint/waivers.yaml", there)
    words = ["approve", row["fingerprint"], "--report", "report.json", "--owner", "team"]
    words += ["--reason", 'it is "over": until spring', "--until", "2099-01-31"]
    assert run(words) == 0
    text = (repo.top / ".policylint/waivers.yaml").read_text()
    assert text.startswith(there)
    told = report(capsys)[1]
    waived = [finding for finding in told["releases"][0]["findings"] if finding["waived"]]
    assert [finding["fingerprint"] for finding in waived] == [row["fingerprint"]]
    assert waived[0]["waived"]["reason"] == 'it is "over": until spring'
    assert run(words) == 2  # a second time
    assert (repo.top / ".policylint/waivers.yaml").read_text() == text


def test_approve_says_which_option_is_missing_and_where_an_old_waiver_stands(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["approve", "0123456789abcdef"]) == 2
    assert "add it: --reason ..." in capsys.readouterr().err
    repo.file(
        ".policylint/waivers.yaml",
        '- {fingerprint: "0123456789abcdef", reason: was, until: 2020-02-02}\n',
    )
    assert run(["approve", "0123456789abcdef", "--reason", "still"]) == 2
    told = capsys.readouterr().err
    assert "waivers.yaml:1: its waiver ran out on 2020-02-02" in told


@pytest.mark.parametrize(
    "words",
    [
        ["0123456789abcdef"],
        ["everything", "--reason", "x"],
        ["0123456789abcdef", "--reason", "x", "--until", "soon"],
        ["0123456789abcdef", "--reason", "x", "--until", "2020-02-02"],
        ["0123456789abcdef", "--reason", "x", "--report", "report.json"],
    ],
)
def test_approve_refuses_what_would_waive_nothing(repo: Repo, words: list[str]) -> None:
    run(["check", "--format", "json=report.json"])
    assert run(["approve", *words]) == 2
    assert not (repo.top / ".policylint").exists()


@pytest.mark.parametrize(
    "words", [("baseline", "write"), ("diff", "./web", "--before", "git:main")]
)
def test_what_takes_too_long_is_given_up(
    repo: Repo, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert run([*words, "--timeout", "1ms"]) == 2
    output = capsys.readouterr()
    assert "within the time of the run" in output.err or "could not judge" in output.out


def test_the_configuration_is_printed_with_what_is_known(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["baseline", "write"]) == 0
    capsys.readouterr()
    assert run(["config"]) == 0
    entries = json.loads(capsys.readouterr().out)["baseline"]
    assert {entry["rule"] for entry in entries} >= {"scaled-to-zero"}
