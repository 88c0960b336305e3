"""Each side is what its own revision declares, and in a pull request the base judges."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from tests.helm.sources.repository import Repo, laptop_repository

CLAIM = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "db:1"}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: "{{ .Values.size }}"}}
"""
CONFIG = "releases:\n  - {name: shop, chart: ./shop, namespace: prod}\n"
REFUSED = "statefulset-immutable-field"


def chart(repo: Repo, path: str = "shop", size: str = "8Gi", version: str = "1.0.0") -> None:
    repo.file(f"{path}/Chart.yaml", f"apiVersion: v2\nname: shop\nversion: {version}\n")
    repo.file(f"{path}/values.yaml", f"size: {size}\n")
    repo.file(f"{path}/templates/db.yaml", CLAIM)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository on a branch of its own; main holds the base."""
    made = laptop_repository(tmp_path, monkeypatch)
    chart(made)
    made.file(".policylint.yaml", CONFIG)
    made.commit("base")
    made.git("switch", "--quiet", "--create", "feature")
    return made


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = run(["check", *words, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def rules(report: dict[str, Any]) -> set[str]:
    findings = list(report["findings"])
    for release in report["releases"]:
        findings += release["findings"]
    return {finding["rule"] for finding in findings}


def archive(repo: Repo, version: str, size: str) -> None:
    folder = f"build/{version}/shop"
    chart(repo, folder, size, version)
    with tarfile.open(repo.top / f"shop-{version}.tgz", "w:gz") as tar:
        tar.add(repo.top / folder, "shop")


def test_an_archive_is_the_one_that_the_base_names(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    archive(repo, "1.0.0", "8Gi")
    archive(repo, "2.0.0", "20Gi")
    repo.file(".policylint.yaml", CONFIG.replace("./shop", "./shop-1.0.0.tgz"))
    repo.git("switch", "--quiet", "main")
    repo.commit("archives")
    repo.git("switch", "--quiet", "feature")
    repo.git("reset", "--quiet", "--hard", "main")
    repo.file(".policylint.yaml", CONFIG.replace("./shop", "./shop-2.0.0.tgz"))
    repo.commit()
    code, report = check(capsys)
    assert (code, REFUSED in rules(report)) == (1, True)


@pytest.mark.parametrize(
    "declaration",
    [
        "releases:\n  - {name: shop, chart: ./shop, namespace: prod, set: [size=20Gi]}\n",
        "releases:\n  - {name: shop, chart: ./shop, namespace: prod, values: [big.yaml]}\n",
    ],
)
def test_what_the_declaration_adds_is_of_the_after_side_alone(
    repo: Repo, capsys: pytest.CaptureFixture[str], declaration: str
) -> None:
    repo.git("switch", "--quiet", "main")
    repo.file("big.yaml", "size: 20Gi\n")
    repo.commit("an unused file")
    repo.git("switch", "--quiet", "feature")
    repo.git("merge", "--quiet", "main")
    repo.file(".policylint.yaml", declaration)
    repo.commit()
    code, report = check(capsys)
    assert (code, REFUSED in rules(report)) == (1, True)


def test_a_release_that_is_gone_is_an_uninstall(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    chart(repo, "web")
    repo.file(".policylint.yaml", "releases:\n  - {name: web, chart: ./web, namespace: prod}\n")
    repo.commit()
    _, report = check(capsys)
    changes = {
        release["name"]: {change["change"] for change in release["changes"]}
        for release in report["releases"]
    }
    assert changes == {"web": {"created"}, "shop": {"deleted"}}
    assert "statefulset-deleted" in rules(report)


def test_a_release_that_moves_says_so(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.file(".policylint.yaml", CONFIG.replace("namespace: prod", "namespace: shop"))
    repo.commit()
    run(["check"])
    assert "shop goes from namespace prod to shop" in capsys.readouterr().out


def test_a_release_that_cannot_be_had_hides_no_other(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    chart(repo, size="20Gi")
    broken = "  - {name: broken, chart: ./shop, namespace: prod, values: [nowhere.yaml]}\n"
    repo.file(".policylint.yaml", CONFIG + broken)
    repo.commit()
    code, report = check(capsys)
    assert code == 2
    assert REFUSED in rules(report)
    assert {release["name"]: release["verdict"] for release in report["releases"]} == {
        "shop": "fail",
        "broken": "unknown",
    }


@pytest.mark.parametrize("environment", ["production", ""])
def test_a_release_whose_environment_has_another_name_is_the_same_release(
    repo: Repo, capsys: pytest.CaptureFixture[str], environment: str
) -> None:
    release = "{name: shop, chart: ./shop, namespace: prod, environment: %s}"
    repo.file(".policylint.yaml", f"releases:\n  - {release % 'prod'}\n")
    repo.commit("an environment")
    repo.git("branch", "--force", "main")
    repo.file(".policylint.yaml", f"releases:\n  - {release % repr(environment)}\n")
    repo.file("shop/values.yaml", "size: 20Gi\n")
    repo.commit("rename it")
    code, report = check(capsys)
    assert (code, REFUSED in rules(report)) == (1, True)
    assert "compared as one release" in json.dumps(report["releases"])


def test_a_release_that_is_gone_with_its_environment_leaves_the_others_judged(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = "  - {name: other, chart: ./shop, namespace: dev, environment: dev}\n"
    kept = CONFIG.replace("prod}", "prod, environment: prod}")
    repo.file(".policylint.yaml", f"{kept}{gone}")
    repo.commit("two environments")
    repo.git("branch", "--force", "main")
    repo.file(".policylint.yaml", kept)
    repo.file("shop/values.yaml", "size: 20Gi\n")
    repo.commit("drop one")
    _, report = check(capsys)
    assert {REFUSED, "statefulset-deleted"} <= rules(report)


@pytest.mark.parametrize(("old", "new"), [("", "deploy"), ("deploy", ""), ("a", "b")])
def test_a_configuration_that_moves_is_compared_with_itself(
    repo: Repo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    old: str,
    new: str,
) -> None:
    def configured(folder: str, size: str) -> None:
        up = "../" if folder else "./"
        release = f"{{name: shop, chart: {up}shop, namespace: prod, set: [size={size}]}}"
        repo.file(f"{folder}/.policylint.yaml".lstrip("/"), f"releases:\n  - {release}\n")

    (repo.top / ".policylint.yaml").unlink()
    configured(old, "8Gi")
    repo.commit("here")
    repo.git("branch", "--force", "main")
    (repo.top / old / ".policylint.yaml").unlink()
    configured(new, "20Gi")
    repo.commit("there")
    monkeypatch.chdir(repo.top / new)
    code, report = check(capsys)
    assert (code, REFUSED in rules(report)) == (1, True)


@pytest.mark.parametrize("deployed", ["helm upgrade api stable/api -n prod --version 1\n", ""])
def test_a_pulled_chart_that_was_not_declared_yet_has_the_version_that_was_deployed(
    repo: Repo, capsys: pytest.CaptureFixture[str], deployed: str
) -> None:
    repo.git("switch", "--quiet", "main")
    (repo.top / ".policylint.yaml").unlink()
    repo.file("deploy.sh", deployed)
    repo.commit("no configuration yet")
    repo.git("switch", "--quiet", "--create", "adopts")
    repo.file("deploy.sh", deployed.replace("--version 1", "--version 2"))
    release = '{name: api, chart: stable/api, namespace: prod, version: "2"}'
    repo.file(".policylint.yaml", f"releases:\n  - {release}\n")
    repo.commit("adopt policylint")
    code, report = check(capsys)
    message = report["releases"][0]["failures"][0]["message"]
    assert code == 2
    assert ("runs before this upgrade is not known" in message) == (not deployed)


def test_a_reference_without_a_version_at_the_base_is_unknown(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = "releases:\n  - {name: shop, chart: stable/shop, namespace: prod}\n"
    repo.git("switch", "--quiet", "main")
    repo.file(".policylint.yaml", declared)
    repo.commit("a reference")
    repo.git("switch", "--quiet", "feature")
    repo.git("reset", "--quiet", "--hard", "main")
    repo.file(".policylint.yaml", declared.replace("stable/shop", 'stable/shop, version: "2"'))
    repo.commit()
    code, report = check(capsys)
    (release,) = report["releases"]
    assert code == 2
    assert "which version of stable/shop runs" in release["failures"][0]["message"]


LOOSENING = [
    "rules:\n  statefulset-immutable-field: off\n",
    "ignore: [cluster-rejects]\n",
    "select: [practice]\n",
    "rules:\n  statefulset-immutable-field: note\n",
]


@pytest.mark.parametrize("setting", LOOSENING)
def test_a_pull_request_does_not_choose_its_judge(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    chart(repo, size="20Gi")
    repo.file(".policylint.yaml", CONFIG + setting)
    repo.commit()
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    code, report = check(capsys)
    assert code == 1
    assert {REFUSED, "gate-changed"} <= rules(report)
    loosened = [f for f in report["findings"] if f["rule"] == "gate-changed"]
    assert {finding["severity"] for finding in loosened} == {"warning"}
    monkeypatch.delenv("GITHUB_BASE_REF")
    assert check(capsys)[0] == 0  # on a laptop the work tree counts


def test_a_gate_that_the_base_has_already_is_its_owner_s_choice(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("switch", "--quiet", "main")
    repo.file(".policylint.yaml", CONFIG + LOOSENING[0])
    repo.commit("off")
    repo.git("switch", "--quiet", "feature")
    repo.git("reset", "--quiet", "--hard", "main")
    chart(repo, size="20Gi")
    repo.commit()
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    code, report = check(capsys)
    assert code == 0
    assert "gate-changed" not in rules(report)


def test_the_copy_of_a_dependency_is_the_one_of_the_revision(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    def vendored(size: str) -> None:
        chart(repo, "build/lib", size)
        (repo.top / "build/lib/Chart.yaml").write_text(
            "apiVersion: v2\nname: lib\nversion: 1.0.0\n"
        )
        (repo.top / "umbrella/charts").mkdir(parents=True, exist_ok=True)
        with tarfile.open(repo.top / "umbrella/charts/lib-1.0.0.tgz", "w:gz") as tar:
            tar.add(repo.top / "build/lib", "lib")

    dependency = '  - {name: lib, version: 1.0.0, repository: "https://example.invalid"}\n'
    repo.git("switch", "--quiet", "main")
    repo.file(
        "umbrella/Chart.yaml",
        f"apiVersion: v2\nname: umbrella\nversion: 1.0.0\ndependencies:\n{dependency}",
    )
    repo.file(".policylint.yaml", CONFIG.replace("./shop", "./umbrella"))
    vendored("8Gi")
    repo.commit("umbrella")
    repo.git("switch", "--quiet", "feature")
    repo.git("reset", "--quiet", "--hard", "main")
    vendored("20Gi")
    repo.commit()
    code, report = check(capsys)
    assert (code, REFUSED in rules(report)) == (1, True)


@pytest.mark.parametrize("inside", ["", "/shop"])
def test_a_chart_of_a_submodule_is_the_one_that_each_revision_names(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str], inside: str
) -> None:
    charts = Repo(tmp_path / "charts").init()
    chart(charts, inside.strip("/") or ".")
    charts.commit("small")
    chart(charts, inside.strip("/") or ".", size="20Gi")
    charts.commit("large")
    repo.git("submodule", "--quiet", "add", str(charts.top), "vendored")
    module = Repo(repo.top / "vendored")
    module.git("checkout", "--quiet", "HEAD^")
    repo.file(".policylint.yaml", CONFIG.replace("./shop", f"./vendored{inside}"))
    repo.commit("submodule")
    repo.git("branch", "--force", "main")
    module.git("checkout", "--quiet", "main")
    repo.commit("bump")
    for words in ((), ("--changed",)):
        code, report = check(capsys, *words)
        assert (code, REFUSED in rules(report)) == (1, True), report["failures"]


@pytest.mark.parametrize("ci", ["", "GITHUB_BASE_REF"])
@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("ci/one.yaml", "ci/two.yaml", ["--config", "ci/two.yaml"]),
        (".policylint.yaml", "ci/two.yaml", ["--config", "ci/two.yaml"]),
        ("a/.policylint.yaml", "b/.policylint.yaml", []),
    ],
)
def test_a_configuration_with_another_name_is_read_where_it_was(
    repo: Repo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    was: str,
    now: str,
    words: list[str],
    ci: str,
) -> None:
    def declared(path: str, size: str) -> None:
        own = f"../shop, set: [size={size}]" if "/" in path else f"./shop, set: [size={size}]"
        repo.file(path, CONFIG.replace("./shop", own))

    (repo.top / ".policylint.yaml").unlink()
    declared(was, "8Gi")
    repo.file("a/other.yaml", CONFIG.replace("shop", "other"))
    repo.git("switch", "--quiet", "main")
    repo.commit("where it was")
    repo.git("switch", "--quiet", "feature")
    repo.git("reset", "--quiet", "--hard", "main")
    (repo.top / was).unlink()
    (repo.top / "a/other.yaml").unlink()
    declared(now, "20Gi")
    if ci:
        monkeypatch.setenv(ci, "main")
    monkeypatch.chdir(repo.top if words else (repo.top / now).parent)
    code, report = check(capsys, *words)
    assert code == 1
    assert REFUSED in rules(report)


def test_a_release_that_no_configuration_declared_is_said_to_be_taken_as_now(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.git("rm", "--quiet", ".policylint.yaml")
    repo.git("commit", "--quiet", "--amend", "--message", "no configuration")
    repo.git("branch", "--force", "main")
    repo.file(".policylint.yaml", CONFIG)
    assert run(["check"]) == 0
    assert "main has no configuration" in capsys.readouterr().out
