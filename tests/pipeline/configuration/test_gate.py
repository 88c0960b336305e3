"""Whose configuration judges: the base's in a pull request, the nearest one else; it is said."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from tests.helm.sources.repository import Repo
from tests.helms import any_helm
from tests.pipeline.configuration.test_base import CLAIM, CONFIG, REFUSED, chart

NOTES = "helm upgrade web ./chart -n prod --force\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository on a branch; main has a chart and a script that is run with --force."""
    made = Repo(tmp_path / "repo").init()
    monkeypatch.chdir(made.top)
    monkeypatch.setenv("POLICYLINT_HELM", any_helm().path)
    chart(made)
    made.file("deploy.sh", NOTES)
    return made


def branched(repo: Repo, config: str | None, monkeypatch: pytest.MonkeyPatch, ci: str) -> None:
    """The base has this configuration; the branch is a pull request of a CI system, or none."""
    if config is not None:
        repo.file(".policylint.yaml", config)
    repo.commit("base")
    repo.git("switch", "--quiet", "--create", "feature")
    if ci:
        monkeypatch.setenv(ci, "main")


def report(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = run([*words, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def rules(document: dict[str, Any]) -> set[str]:
    findings = [*document["findings"]]
    for release in document["releases"]:
        findings += release["findings"]
    return {finding["rule"] for finding in findings}


LOOSER = [
    "scan: {ignore: [deploy.sh]}\n",
    "scan: {ignore: ['*']}\n",
    "rules: {force-used: off}\n",
    "ignore: [force-used]\n",
    "ignore: [practice]\n",
    "level: cluster-rejects\n",
    "select: [claim-deleted]\n",
]


@pytest.mark.parametrize("config", LOOSER)
@pytest.mark.parametrize("ci", ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""])
def test_a_scan_of_a_pull_request_is_judged_by_its_base(
    repo: Repo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    config: str,
    ci: str,
) -> None:
    branched(repo, None, monkeypatch, ci)
    repo.file(".policylint.yaml", config)
    _, document = report(capsys, "scan")
    is_judged = "force-used" in rules(document)
    assert is_judged == bool(ci)
    assert ("gate-changed" in rules(document)) == bool(ci)
    expected = "merge base with main" if ci else ""
    assert document["configuration"]["revision"] == expected


def test_what_the_base_leaves_out_stays_left_out(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    branched(repo, LOOSER[0], monkeypatch, "GITHUB_BASE_REF")
    repo.file(".policylint.yaml", "rules: {}\n")
    _, document = report(capsys, "scan")
    assert not document["invocations"]
    assert document["configuration"]["by"] == "pull request"


@pytest.mark.parametrize("path", ["sub/.policylint.yaml", None])
def test_a_nearer_configuration_and_a_removed_one_do_not_judge(
    repo: Repo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    path: str | None,
) -> None:
    repo.file("sub/deploy.sh", NOTES)
    branched(repo, "rules: {force-used: error}\n", monkeypatch, "GITHUB_BASE_REF")
    if path:
        repo.file(path, "rules: {force-used: off}\n")
    else:
        (repo.top / ".policylint.yaml").unlink()
    monkeypatch.chdir(repo.top / "sub")
    code, document = report(capsys, "scan")
    assert code == 1
    assert rules(document) >= {"force-used", "gate-changed"}


def test_a_removed_configuration_removes_its_releases(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    branched(repo, CONFIG, monkeypatch, "GITHUB_BASE_REF")
    (repo.top / ".policylint.yaml").unlink()
    code, document = report(capsys, "check")
    assert code == 1
    assert rules(document) >= {"statefulset-deleted"}


def test_a_scan_whose_base_cannot_be_told_is_unknown(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    branched(repo, "rules: {}\n", monkeypatch, "")
    monkeypatch.setenv("GITHUB_BASE_REF", "elsewhere")
    code, document = report(capsys, "scan")
    assert code == 2
    assert "git fetch" in document["failures"][0]["remedy"]


@pytest.mark.parametrize("command", ["scan", "check"])
def test_another_revision_judges_where_it_is_named(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    branched(repo, f"{CONFIG}rules: {{force-used: error}}\n", monkeypatch, "")
    repo.file("shop/values.yaml", "size: 20Gi\n")
    off = "rules: {force-used: off, statefulset-immutable-field: off}\n"
    repo.file(".policylint.yaml", f"{CONFIG}{off}")
    code, document = report(capsys, command)
    assert "gate-changed" not in rules(document)
    code, document = report(capsys, command, "--config-from", "git:main")
    assert code == 1
    assert rules(document) >= {"gate-changed", {"scan": "force-used", "check": REFUSED}[command]}
    own = document["configuration"]
    assert (own["file"], own["revision"], own["by"]) == (
        ".policylint.yaml",
        "git:main",
        "--config-from",
    )
    assert run([command, "--config-from", "git:main", "--quiet"]) == 1
    assert "configured by .policylint.yaml of git:main (--config-from)" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["main", "git:", "file.yaml", "git:nowhere"])
def test_a_revision_that_is_none_is_refused(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    branched(repo, CONFIG, monkeypatch, "")
    for command in ("scan", "check"):
        assert run([command, "--config-from", name]) == 2
        assert "fix" in "".join(capsys.readouterr())


def test_a_named_file_judges_and_what_the_change_does_to_it_is_told(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.file("ci/policy.yaml", "rules: {force-used: error}\n")
    branched(repo, None, monkeypatch, "GITHUB_BASE_REF")
    repo.file("ci/policy.yaml", "rules: {force-used: off}\n")
    _, document = report(capsys, "scan", "--config", "ci/policy.yaml")
    assert "force-used" not in rules(document)
    (told,) = [finding for finding in document["findings"] if finding["rule"] == "gate-changed"]
    assert "--config names this file" in told["because"]
    assert document["configuration"]["by"] == "--config"


def test_a_configuration_above_the_repository_is_not_taken(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    branched(repo, None, monkeypatch, "")
    above = repo.top.parent / ".policylint.yaml"
    above.write_text("rules: {force-used: off}\n")
    _, document = report(capsys, "scan")
    assert "force-used" in rules(document)
    assert document["configuration"] == {"file": "", "revision": "", "by": "", "above": str(above)}
    run(["scan"])
    output = capsys.readouterr().out
    assert f"{above} lies above the repository" in output
    _, document = report(capsys, "scan", "--config", str(above))
    assert "force-used" not in rules(document)


def test_which_configuration_judged_is_said(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    branched(repo, CONFIG, monkeypatch, "")
    repo.file("shop/values.yaml", "size: 8Gi # the same\n")
    for command in ("scan", "check"):
        run([command])
        assert "configured by .policylint.yaml\n" in capsys.readouterr().out


def test_a_configuration_behind_a_link_at_the_base(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.file("ci/policy.yaml", "rules: {force-used: error}\n")
    (repo.top / ".policylint.yaml").symlink_to("ci/policy.yaml")
    branched(repo, None, monkeypatch, "GITHUB_BASE_REF")
    repo.file("ci/policy.yaml", "rules: {force-used: off}\n")
    code, document = report(capsys, "scan")
    assert code == 1
    assert "force-used" in rules(document)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device")
def test_a_device_is_no_configuration(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo.top / ".policylint.yaml").symlink_to("/dev/zero")
    branched(repo, None, monkeypatch, "")
    assert run(["scan"]) == 2
    assert "a device that does not end" in capsys.readouterr().err


def test_reports_follow_the_umask_and_keep_the_mode_of_what_is_there(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    for mask in (0o022, 0o077):
        before = os.umask(mask)
        try:
            run(["scan", "--format", f"json=report-{mask}.json"])
        finally:
            os.umask(before)
        assert (repo.top / f"report-{mask}.json").stat().st_mode & 0o777 == 0o666 & ~mask
    kept = repo.file("kept.json", "")
    kept.chmod(0o640)
    run(["scan", "--format", f"json={kept}"])
    assert kept.stat().st_mode & 0o777 == 0o640
    capsys.readouterr()


POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: named-db}
spec:
  matchConstraints:
    resourceRules:
      - apiGroups: [apps]
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [statefulsets]
  validations: [{expression: "object.spec.replicas > 9", message: too few}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: named-db}
spec: {policyName: named-db, validationActions: [Deny]}
"""


@pytest.mark.parametrize("link", ["policies", "policies/one.yaml"])
def test_what_lies_behind_a_link_of_the_gate_is_told(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    chart(repo, "shop")
    repo.file("shared/one.yaml", POLICY)
    place = repo.top / link
    place.parent.mkdir(exist_ok=True)
    target = "../shared/one.yaml" if "/" in link else "shared"
    place.symlink_to(target)
    branched(repo, f"{CONFIG}policies: [policies]\n", monkeypatch, "GITHUB_BASE_REF")
    repo.file("shared/one.yaml", POLICY.replace("> 9", "> 0"))
    repo.file("shop/templates/db.yaml", CLAIM.replace("db:1", "db:2"))
    code, document = report(capsys, "check")
    assert code == 1
    assert rules(document) >= {"named-db", "gate-changed"}
    assert "shared/one.yaml" in document["findings"][0]["message"]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("crds: [gate]\n", "a: [\n"),
        ("policies: [gate]\n", "a: [\n"),
        ("policies: [gate]\n", "apiVersion: v1\nkind: ["),
        ("packs: [gate]\n", "validation: []\n"),
    ],
)
def test_what_is_wrong_with_a_file_of_the_base_names_it(
    repo: Repo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    text: str,
) -> None:
    chart(repo, "shop")
    repo.file("gate/one.yaml", text)
    branched(repo, f"{CONFIG}{key}", monkeypatch, "GITHUB_BASE_REF")
    repo.file("shop/templates/db.yaml", CLAIM.replace("db:1", "db:2"))
    assert run(["check"]) == 2
    printed = capsys.readouterr()
    assert "merge base with main:gate/one.yaml:" in printed.out + printed.err
    assert "policylint-run" not in printed.out + printed.err


def test_a_finding_names_the_policy_as_it_stands_at_the_base(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chart(repo, "shop")
    repo.file("gate/one.yaml", POLICY)
    branched(repo, f"{CONFIG}policies: [gate]\n", monkeypatch, "GITHUB_BASE_REF")
    repo.file("shop/templates/db.yaml", CLAIM.replace("db:1", "db:2"))
    _, document = report(capsys, "check")
    (finding,) = (item for item in document["releases"][0]["findings"] if "policy" in item)
    files = {place["role"]: place["file"] for place in finding["locations"]}
    assert files["policy"] == "merge base with main:gate/one.yaml"
