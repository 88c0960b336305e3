"""Which setting holds: the release over its path, its environment, the file and what it extends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.config import Config, Release
from policylint.model import Category
from policylint.pipeline.configuration.gate import Gate
from tests.helm.sources.repository import Repo, laptop_repository
from tests.pipeline.test_waiving import DEPLOYMENT, branch, request

RULE = "scaled-to-zero"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A release on main that the work tree scales to nothing."""
    made = laptop_repository(tmp_path, monkeypatch)
    made.file("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
    made.file("charts/web/values.yaml", "replicas: 1\n")
    made.file("charts/web/templates/web.yaml", DEPLOYMENT)
    made.file(".policylint.yaml", configured())
    made.commit("base")
    made.file("charts/web/values.yaml", "replicas: 0\n")
    return made


def configured(more: str = "", release: str = "") -> str:
    entry = f"{{name: web, chart: ./charts/web, namespace: prod, environment: prod{release}}}"
    return f"{more}releases:\n  - {entry}\n"


def severity(capsys: pytest.CaptureFixture[str]) -> str:
    run(["check", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    rows = [row for row in report["releases"][0]["findings"] if row["rule"] == RULE]
    return rows[0]["severity"] if rows else "off"


EXTENDS = "extends: [shared]\n"
FILE = f"rules: {{{RULE}: error}}\n"
ENVIRONMENT = f"environments: {{prod: {{rules: {{{RULE}: note}}}}}}\n"
PATH = f'paths: {{"charts/*": {{rules: {{{RULE}: error}}}}, "x/*": {{rules: {{{RULE}: off}}}}}}\n'
RELEASE = f", rules: {{{RULE}: off}}"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (configured(), "warning"),
        (configured(EXTENDS), "note"),
        (configured(EXTENDS + FILE), "error"),
        (configured(EXTENDS + FILE + ENVIRONMENT), "note"),
        (configured(EXTENDS + FILE + ENVIRONMENT + PATH), "error"),
        (configured(EXTENDS + FILE + ENVIRONMENT + PATH, RELEASE), "off"),
    ],
)
def test_the_nearest_setting_holds(
    repo: Repo, capsys: pytest.CaptureFixture[str], text: str, wanted: str
) -> None:
    repo.file("shared/policylint.yaml", f"rules: {{{RULE}: note}}\n")
    repo.file(".policylint.yaml", text)
    assert severity(capsys) == wanted


def test_explain_tells_the_line_and_what_it_overrides(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("shared/policylint.yaml", f"# ours\nrules: {{{RULE}: note}}\n")
    repo.file(".policylint.yaml", configured(EXTENDS + FILE + ENVIRONMENT + PATH, RELEASE))
    assert run(["config", "--explain", "--env", "prod", "--release", "web"]) == 0
    told = capsys.readouterr()
    rows = {row["setting"]: row for row in json.loads(told.out)["explained"]}
    row = rows[f"rules.{RULE}"]
    assert row["holds"] == {"value": "off", "where": ".policylint.yaml:6, releases.0"}
    assert [override["where"].partition(",")[0] for override in row["overrides"]] == [
        ".policylint.yaml:4",
        ".policylint.yaml:3",
        ".policylint.yaml:2",
        "shared/policylint.yaml:2",
    ]
    assert rows["fail-on"]["holds"]["where"] == "default"
    assert f"rules.{RULE}: off  (.policylint.yaml:6, releases.0)" in told.err


def test_a_path_weighs_what_scan_finds_there(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "helm upgrade web ./charts/web -n prod\n"
    repo.file("legacy/deploy.sh", line)
    repo.file("deploy.sh", line)
    paths = 'paths: {"legacy/*": {rules: {atomic-missing: off, wait-missing: error}}}\n'
    repo.file(".policylint.yaml", configured(paths))
    run(["scan", "--format", "json"])
    rows = json.loads(capsys.readouterr().out)["findings"]
    severities = {(row["rule"], row["locations"][0]["file"]): row["severity"] for row in rows}
    assert ("atomic-missing", "legacy/deploy.sh") not in severities
    assert ("atomic-missing", "deploy.sh") in severities
    assert severities["wait-missing", "legacy/deploy.sh"] == "error"
    assert severities["wait-missing", "deploy.sh"] == "note"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("helm-version: '4'\n", "write helm"),
        ("extends: [shared]\n", "extends itself"),
        ("extends: [gone.yaml]\n", "gone.yaml"),
        ("paths: {a: {rules: {nosuch: off}}}\n", "no rule is called 'nosuch'"),
    ],
)
def test_what_is_no_setting_is_an_error(
    repo: Repo, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    repo.file("shared/policylint.yaml", "extends: [../.policylint.yaml]\n")
    repo.file(".policylint.yaml", text)
    assert run(["check"]) == 2
    assert words in capsys.readouterr().err


CHANGES: dict[str, tuple[str, str]] = {
    "release": (".policylint.yaml", configured(EXTENDS, RELEASE)),
    "path": (".policylint.yaml", configured(EXTENDS + PATH.replace("error", "off"))),
    "extended": ("shared/policylint.yaml", f"rules: {{{RULE}: off}}\n"),
    "not extended": (".policylint.yaml", configured()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_in_a_pull_request_the_base_says_which_holds(
    repo: Repo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    repo.file("charts/web/values.yaml", "replicas: 1\n")
    repo.file("shared/policylint.yaml", f"rules: {{{RULE}: error}}\n")
    repo.file(".policylint.yaml", configured(EXTENDS))
    branch(repo)
    file, text = CHANGES[name]
    repo.file(file, text)
    repo.file("charts/web/values.yaml", "replicas: 0\n")
    repo.commit("stop it, and make that fine")
    request(monkeypatch)
    assert severity(capsys) == "error"


def test_a_pull_request_cannot_switch_rules_off_for_its_new_release() -> None:
    lenient = Release("web", "./web", rules={RULE: False}, level=Category.CLUSTER_REJECTS)
    judged = Gate(Config(), judge=Config()).release(lenient)
    assert (judged.rules, judged.level) == ({}, None)
    assert Gate(Config()).release(lenient) == lenient
