"""Waivers take a finding out of the verdict and leave it in the report; a change waives nothing of
its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from tests.helm.sources.repository import Repo, laptop_repository

RULE = "scaled-to-zero"
FAR = "2099-12-31"
CONFIG = "releases:\n  - {name: web, chart: ./web, namespace: prod, values: [values.yaml]}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: {{ .Values.annotations | default dict | toJson }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}]}
"""
COMMENT = f"# policylint: ignore[{RULE}] until {FAR} team-shop: it moves next week\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A release on main, and a branch on which it is scaled to nothing."""
    made = laptop_repository(tmp_path, monkeypatch)
    made.file("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
    made.file("web/values.yaml", "replicas: 1\n")
    made.file("web/templates/web.yaml", DEPLOYMENT)
    made.file("values.yaml", "replicas: 3\n")
    made.file(".policylint.yaml", CONFIG)
    made.commit("base")
    return made


def branch(repo: Repo) -> None:
    repo.commit("base, whole")
    repo.git("switch", "--quiet", "--create", "feature")


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = run(["check", *words, "--fail-on", "warning", "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def finding(report: dict[str, Any], rule: str = RULE) -> dict[str, Any]:
    every = [
        *report["findings"],
        *(row for finding in report["releases"] for row in finding["findings"]),
    ]
    return next(row for row in every if row["rule"] == rule)


def rules(report: dict[str, Any]) -> list[str]:
    return sorted(row["rule"] for row in report["findings"])


def request(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the run is of a pull request."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")


WAIVERS = [
    f"{{rule: {RULE}, resource: Deployment prod/web, reason: moves}}",
    f"{{rule: {RULE}, path: spec.replicas, reason: moves, owner: team, until: {FAR}}}",
    f'{{rule: "scaled-*", release: prod/web, reason: moves, until: "{FAR}"}}',
    f"{{rule: {RULE}, release: web, reason: moves}}",
    "{resource: Deployment/web, reason: moves}",
    f"{{rule: {RULE}, reason: moves}}",
]


@pytest.mark.parametrize("waiver", WAIVERS)
@pytest.mark.parametrize("place", [".policylint.yaml", ".policylint/waivers.yaml"])
def test_a_waiver_of_the_configuration_takes_a_finding_out_of_the_verdict(
    repo: Repo, capsys: pytest.CaptureFixture[str], waiver: str, place: str
) -> None:
    own = CONFIG if place == ".policylint.yaml" else ""
    repo.file(place, f"{own}waivers:\n  - {waiver}\n")
    repo.file("values.yaml", "replicas: 0\n")
    _, report = check(capsys)
    assert report["summary"]["waived"] == 1
    waived = finding(report)["waived"]
    assert waived["reason"] == "moves"
    assert waived["where"] == {"file": place, "line": own.count("\n") + 2}
    assert RULE not in {row["rule"] for row in report["findings"]}
    assert report["releases"][0]["verdict"] == "pass"
    code, report = check(capsys, "--no-waivers")
    assert (code, finding(report)["waived"]) == (1, None)


@pytest.mark.parametrize(
    "waiver",
    [
        f"{{rule: {RULE}, resource: Deployment prod/other, reason: moves}}",
        f"{{rule: {RULE}, environment: staging, reason: moves}}",
        f"{{rule: {RULE}, release: other, reason: moves}}",
        f"{{rule: {RULE}, path: spec.paused, reason: moves}}",
        f"{{rule: {RULE}, reason: moves, until: 2020-01-01}}",
        "{fingerprint: 0123456789abcdef, reason: moves}",
    ],
)
def test_a_waiver_of_something_else_or_of_the_past_waives_nothing(
    repo: Repo, capsys: pytest.CaptureFixture[str], waiver: str
) -> None:
    repo.file(".policylint.yaml", f"{CONFIG}waivers:\n  - {waiver}\n")
    repo.file("values.yaml", "replicas: 0\n")
    code, report = check(capsys)
    assert (code, finding(report)["waived"]) == (1, None)


def test_a_fingerprint_waives_its_finding_alone(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("values.yaml", "replicas: 0\n")
    known = finding(check(capsys)[1])["fingerprint"]
    repo.file(".policylint/waivers.yaml", f'- {{fingerprint: "{known}", reason: looked at}}\n')
    code, report = check(capsys)
    assert (code, report["summary"]["waived"]) == (0, 1)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (f"{{rule: {RULE}}}", "lacks reason"),
        ("{reason: moves}", "what it waives"),
        (f'{{rule: {RULE}, reason: ""}}', "a reason"),
        (f"{{rule: {RULE}, reason: x, until: tomorrow}}", "no day such as 2027-01-31"),
        (f"{{rul: {RULE}, reason: x}}", "unknown key 'rul'"),
    ],
)
def test_a_waiver_that_lacks_something_is_an_error_with_its_line(
    repo: Repo, capsys: pytest.CaptureFixture[str], entry: str, words: str
) -> None:
    repo.file(".policylint/waivers.yaml", f"# ours\n- {entry}\n")
    assert run(["check"]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "waivers.yaml:2" in told


def test_the_configuration_may_require_an_owner_and_a_last_day(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    demand = "waiver-policy: {require: [owner, until]}\n"
    repo.file(".policylint.yaml", f"{CONFIG}{demand}waivers:\n  - {{rule: {RULE}, reason: x}}\n")
    assert run(["check"]) == 2
    assert "owner" in capsys.readouterr().err
    repo.file(".policylint.yaml", CONFIG + demand)
    repo.file("values.yaml", f"replicas: 0  # policylint: ignore[{RULE}]: it moves\n")
    code, report = check(capsys)
    assert code == 1
    assert rules(report) == ["waiver-incomplete"]


@pytest.mark.parametrize(
    "text",
    [f"{COMMENT}replicas: 0\n", f"replicas: 0  {COMMENT}", f"{COMMENT}# moved\nreplicas: 0\n"],
)
def test_a_comment_waives_the_line_that_it_belongs_to(
    repo: Repo, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    repo.file("values.yaml", text)
    code, report = check(capsys)
    waived = finding(report)["waived"]
    assert code == 0
    assert (waived["owner"], waived["expires"]) == ("team-shop", FAR)
    assert waived["reason"] == "it moves next week"


def test_a_comment_elsewhere_in_the_file_waives_nothing(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("values.yaml", f"{COMMENT}more: 1\nreplicas: 0\n")
    code, report = check(capsys)
    assert (code, finding(report)["waived"]) == (1, None)
    assert rules(report) == ["waiver-unused"]


def test_a_comment_in_a_template_and_an_annotation_waive_what_is_found_on_the_object(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("web/templates/web.yaml", COMMENT + DEPLOYMENT)
    branch(repo)
    repo.file("values.yaml", "replicas: 0\n")
    assert check(capsys)[0] == 0
    repo.file("web/templates/web.yaml", DEPLOYMENT)
    note = json.dumps({"policylint.dev/ignore": f"{RULE} until {FAR} team: it moves"})
    repo.file("values.yaml", f"replicas: 0\nannotations: {note}\n")
    code, report = check(capsys)
    assert (code, finding(report)["waived"]["owner"]) == (0, "team")


CHANGES = {
    "configuration": (".policylint.yaml", f"{CONFIG}waivers:\n  - {WAIVERS[0]}\n", ""),
    "file": (".policylint/waivers.yaml", f"- {WAIVERS[0]}\n", ""),
    "comment in values": ("values.yaml", f"{COMMENT}replicas: %s\n", "3"),
    "comment in a template": ("web/templates/web.yaml", COMMENT + DEPLOYMENT, ""),
    "annotation": (
        "values.yaml",
        f'replicas: %s\nannotations: {{policylint.dev/ignore: "{RULE}: it moves"}}\n',
        "3",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_pull_request_waives_nothing_of_its_own(
    repo: Repo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    file, text, old = CHANGES[name]
    branch(repo)
    repo.file("values.yaml", "replicas: 0\n")
    repo.file(file, text % "0" if old else text)
    repo.commit("stop it, and say that this is fine")
    assert check(capsys, "--before", "git:main")[0] == 0  # on a laptop
    request(monkeypatch)
    code, report = check(capsys)
    assert (code, finding(report)["waived"]) == (1, None)


@pytest.mark.parametrize("name", CHANGES)
def test_what_the_base_waives_is_waived_in_a_pull_request(
    repo: Repo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    file, text, old = CHANGES[name]
    repo.file(file, text % old if old else text)
    branch(repo)
    repo.file("values.yaml", "replicas: 0\n")
    if old:
        repo.file(file, text % "0")
    repo.commit("stop it")
    request(monkeypatch)
    code, report = check(capsys)
    assert (code, report["summary"]["waived"]) == (0, 1)


def test_a_comment_that_the_change_moves_to_another_key_waives_nothing(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.file("values.yaml", f"{COMMENT}other: 1\nreplicas: 3\n")
    branch(repo)
    repo.file("values.yaml", f"other: 1\n{COMMENT}replicas: 0\n")
    repo.commit("stop it")
    request(monkeypatch)
    assert check(capsys)[0] == 1


def test_the_base_may_let_owners_waive_what_they_change(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.file(".policylint.yaml", f"{CONFIG}waiver-policy: {{allow-new: [team-shop]}}\n")
    branch(repo)
    repo.file("values.yaml", "replicas: 0\n")
    repo.file(".policylint/waivers.yaml", f"- {WAIVERS[0][:-1]}, owner: team-other}}\n")
    repo.commit("stop it")
    request(monkeypatch)
    assert check(capsys)[0] == 1
    repo.file(".policylint/waivers.yaml", f"- {WAIVERS[0][:-1]}, owner: team-shop}}\n")
    repo.commit("by the right owner")
    code, report = check(capsys)
    assert (code, report["summary"]["waived"]) == (0, 1)
    assert rules(report) == ["gate-changed"]


def test_a_waiver_never_makes_a_pass_of_what_is_unknown(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file(".policylint.yaml", f'{CONFIG}waivers:\n  - {{rule: "*", reason: all}}\n')
    repo.file("values.yaml", "replicas: 0\n")
    code, report = check(capsys, "--post-renderer", "./patch.sh")
    assert code == 2
    assert report["summary"]["waived"] == 1


def test_no_waiver_silences_what_is_said_of_waivers(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file(".policylint.yaml", f'{CONFIG}waivers:\n  - {{rule: "*", reason: all}}\n')
    repo.file("values.yaml", "replicas: 0\n")
    code, report = check(capsys)
    assert code == 1
    assert rules(report) == ["waiver-too-broad"]


def test_a_scan_is_waived_by_a_comment_and_by_the_configuration(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    def scan() -> dict[str, Any]:
        run(["scan", "--format", "json"])
        return json.loads(capsys.readouterr().out)

    line = "helm upgrade --install web ./web -n prod"
    repo.file("deploy.sh", f"{line}\n")
    before = {row["rule"] for row in scan()["findings"]}
    assert {"atomic-missing", "wait-missing"} <= before
    repo.file("deploy.sh", f"# policylint: ignore[atomic-missing] ops: it cleans up\n{line}\n")
    report = scan()
    assert finding(report, "atomic-missing")["waived"]["owner"] == "ops"
    assert finding(report, "wait-missing")["waived"] is None
    known = finding(report, "wait-missing")["fingerprint"]
    repo.file(".policylint/waivers.yaml", f'- {{fingerprint: "{known}", reason: looked at}}\n')
    assert scan()["summary"]["waived"] == 2


def test_every_format_counts_what_is_waived(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.file("values.yaml", f"{COMMENT}replicas: 0\n")

    def shown(*words: str) -> str:
        assert run(["check", *words]) == 0
        return capsys.readouterr().out

    assert "1 waived" in shown()
    assert "it moves next week" not in shown()
    assert "team-shop: it moves next week" in shown("--show-waived")
    for name in ("concise", "markdown", "html", "github"):
        assert "1 waived" in shown("--format", name)
    assert '<skipped message="waived: it moves next week"' in shown("--format", "junit")
    result = json.loads(shown("--format", "sarif"))["runs"][0]["results"][0]
    assert result["suppressions"][0]["justification"].startswith("team-shop: it moves next week")
