"""Checks of a configuration: the releases that a change touches, and the values files that none of
them uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from policylint.helm.sources.git import Repository
from policylint.kyaml.load import load
from tests.helm.sources.repository import Repo
from tests.helms import helm

CONFIG = """\
releases:
  - {name: web, namespace: prod, chart: ./web, values: [values/web.yaml]}
  - {name: db, namespace: prod, chart: ./db}
"""
MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: red}\n"
CHART = (
    "apiVersion: v2\nname: web\nversion: 0.1.0\n"
    "dependencies: [{name: lib, version: 0.1.0, repository: file://../lib}]\n"
)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository of two releases, the first of manifests that name a file:// dependency."""
    repo = Repo(tmp_path / "repo").init()
    repo.file(".policylint.yaml", CONFIG)
    repo.file("values/web.yaml", "colour: red\n")
    for release in ("web", "db"):
        repo.file(f"{release}/config.yaml", MANIFEST)
    repo.file("README.md", "about\n")
    repo.commit()
    repo.commit("nothing")
    monkeypatch.chdir(repo.top)
    return repo


def checked(
    capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, list[str], dict[str, Any]]:
    code = run(["check", "--changed", *words, "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    return code, [release["name"] for release in report["releases"]], report


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["web/config.yaml"], ["web"]),
        (["README.md", "db/config.yaml"], ["db"]),
        (["db/gone.yaml", "values/web.yaml", "README.md"], ["web", "db"]),
        ([".policylint.yaml"], ["web", "db"]),
        (["README.md"], []),
        (["webs/config.yaml"], []),
    ],
)
def test_named_files_choose_the_releases(
    repo: Repo, capsys: pytest.CaptureFixture[str], files: list[str], names: list[str]
) -> None:
    assert checked(capsys, *files)[:2] == (0, names)


def test_paths_are_those_of_the_current_directory(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo.top / "db")
    assert checked(capsys, "config.yaml")[1] == ["db"]


def test_git_tells_what_is_staged_and_what_is_gone(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("db/config.yaml", MANIFEST.replace("red", "blue"))
    repo.git("add", "db")
    assert checked(capsys)[1] == ["db"]
    repo.commit()
    repo.file("web/more.yaml", MANIFEST.replace("settings", "more"))
    repo.commit()
    (repo.top / "web/more.yaml").unlink()
    repo.git("add", "--all")
    _, names, report = checked(capsys)
    assert names == ["web"]
    assert [change["change"] for change in report["releases"][0]["changes"]] == ["kept", "deleted"]


def test_a_branch_is_what_differs_from_the_default_branch(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.file("db/config.yaml", MANIFEST.replace("red", "blue"))
    repo.commit()
    repo.file("web/untracked.yaml", MANIFEST.replace("settings", "new"))
    assert checked(capsys)[1] == ["web", "db"]


def test_a_chart_that_another_one_depends_on_touches_both(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("web/Chart.yaml", CHART)
    repo.file("lib/Chart.yaml", CHART.replace("web", "lib").partition("dependencies")[0])
    _, names, _ = checked(capsys, "lib/templates/_helpers.tpl")
    assert names == ["web"]


def test_what_is_left_out_is_said(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--changed", "README.md"]) == 0
    assert "the change touches none of these releases: prod/web, prod/db" in capsys.readouterr().out


def test_file_names_without_changed_are_no_charts(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "web", "db"]) == 2
    assert "web is followed by: db" in capsys.readouterr().err


def test_a_values_file_that_no_release_names_is_noted_once(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("values/old.yaml", "colour: blue\n")
    only = ("check", "--select", "values-file-unused")
    assert run([*only, "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [finding["rule"] for finding in report["findings"]] == ["values-file-unused"]
    assert report["findings"][0]["locations"][0]["file"] == "values/old.yaml"
    assert report["summary"]["note"] == 1
    assert run([*only, "--fail-on", "note"]) == 1
    assert "no release uses old.yaml" in capsys.readouterr().out
    assert (
        run(["check", "--select", "practice", "--ignore", "values-file-unused", "--format", "json"])
        == 0
    )
    assert "values-file-unused" not in capsys.readouterr().out


def test_an_environment_that_is_not_there_is_named(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file(".policylint.yaml", CONFIG + "environments: {production: {}}\n")
    assert run(["check", "--env", "prod"]) == 2
    output = capsys.readouterr().err
    assert "no environment is called 'prod'" in output
    assert "production" in output


def test_charts_are_named_as_from_the_current_directory(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, report = checked(capsys, "web/config.yaml")
    assert report["releases"][0]["evidence"]["after"] == "web"


def test_the_hooks_for_pre_commit_do_what_they_are_for(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(__file__).parents[2]
    hooks = {
        hook["id"]: hook for hook in load((root / ".pre-commit-hooks.yaml").read_text(), "hooks")
    }
    check, scan = (hooks[name] for name in ("policylint-check", "policylint-scan"))
    assert check["pass_filenames"] is False  # pre-commit names no deleted file
    (repo.top / "db/config.yaml").unlink()
    repo.file("db/other.yaml", MANIFEST.replace("settings", "other"))
    repo.file("deploy.sh", "helm upgrade web ./web --force\n")
    repo.git("add", "--all")
    assert run(check["entry"].split()[1:]) == 0
    output = capsys.readouterr().out
    assert "prod/db: 2 resources (1 create, 1 delete)" in output
    assert "prod/web: 1 resource (1 none)" in output  # its deploy is another one now
    assert run([*scan["entry"].split()[1:], "deploy.sh"]) == 0
    assert "warning[force-used]" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["3", "4"])
def test_manifests_are_sent_as_the_helm_that_is_found_sends_them(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("POLICYLINT_HELM", helm(line).path)
    run(["check", "web/config.yaml", "--before", "db/config.yaml", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["releases"][0]["helm"] == line


def test_the_environment_names_the_namespace_as_for_helm(
    repo: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELM_NAMESPACE", "shop")
    words = ("check", "web", "--before", "db", "--format", "json")
    for more, namespace in (((), "shop"), (("-n", "prod"), "prod")):
        run([*words, *more])
        (change,) = json.loads(capsys.readouterr().out)["releases"][0]["changes"]
        assert change["resource"]["namespace"] == namespace


@pytest.mark.parametrize(
    ("version", "note"),
    [
        ("1.99", "newer than the newest known"),
        ("1.31", "no answers of Kubernetes 1.31 are recorded"),
        ("1.34", ""),
    ],
)
def test_the_report_says_what_a_minor_is_judged_by(
    repo: Repo, capsys: pytest.CaptureFixture[str], version: str, note: str
) -> None:
    run(["check", "web", "--before", "db", "--kube-version", version, "--format", "json"])
    notes = json.loads(capsys.readouterr().out)["releases"][0]["evidence"]["notes"]
    assert [note in line for line in notes] == ([True] if note else [])


def test_a_release_whose_before_side_cannot_be_had_hides_no_other(repo, capsys):
    """The copies of a revision are made for all releases at once."""
    (repo.top / "bad").mkdir()
    (repo.top / "bad" / "config.yaml").symlink_to("/etc/hostname")
    repo.file(".policylint.yaml", CONFIG + "  - {name: bad, namespace: prod, chart: ./bad}\n")
    repo.commit()
    repo.file("web/config.yaml", MANIFEST.replace("red", "blue"))
    run(["check", "--before", "git:HEAD", "--format", "json"])
    releases = json.loads(capsys.readouterr().out)["releases"]
    verdicts = {release["name"]: release["verdict"] for release in releases}
    changes = {
        release["name"]: [row["change"] for row in release["changes"]] for release in releases
    }
    assert verdicts["bad"] == "unknown"
    assert changes["web"] == ["kept"]
    assert changes["db"] == ["kept"]


DEPLOYED = "releases:\n  - {name: web, namespace: prod, chart: ./web}\n"
COMMAND = "helm upgrade --install web ./web -n prod\n"
NEWLINE = "\n"
HEADS = {"deploy.sh": "", "Makefile": "deploy:\n\t", "docs/deploy.md": "```sh\n"}
"""What stands before the command in each file."""


@pytest.mark.parametrize("left", ["", "releases: []\n", "kubernetes: '1.36'\n", DEPLOYED])
@pytest.mark.parametrize("file", HEADS)
def test_what_is_no_longer_listed_and_still_deployed_is_no_uninstall(
    repo: Repo, capsys: pytest.CaptureFixture[str], left: str, file: str
) -> None:
    repo.file(file, f"{HEADS[file]}{COMMAND}")
    repo.commit("deploys web")
    repo.file(".policylint.yaml", left)
    code = run(["check", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    told = [row["message"] for release in report["releases"] for row in release["failures"]]
    if left == DEPLOYED or file.startswith("docs/"):
        assert (code, told) == (0, [])
    else:
        assert code == 2
        (words,) = told
        assert words.startswith("prod/web is no longer listed in .policylint.yaml, and ")
        assert words.endswith(f"{file}:{HEADS[file].count(NEWLINE) + 1} goes on deploying it")


def test_an_environment_that_is_no_longer_listed_is_not_what_a_command_goes_on_deploying(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    two = "environments: {a: {}, b: {}}\nreleases:\n"
    two += "  - {name: web, namespace: prod, chart: ./web, environments: {%s}}\n"
    repo.file(".policylint.yaml", two % "a: {}, b: {}")
    repo.file("deploy.sh", COMMAND)
    repo.commit("two environments")
    repo.file(".policylint.yaml", two % "a: {}")
    assert run(["check", "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["releases"]) == 2


def test_a_file_that_git_ignores_and_helm_does_not_touches_its_release(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file(".gitignore", "made.yaml\ncharts/\nout/\n")
    repo.commit("ignore")
    repo.commit("nothing")
    repo.file("db/made.yaml", MANIFEST.replace("settings", "made"))
    repo.file("out/a.txt", "")
    assert checked(capsys)[1] == ["db"]
    repo.file("lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 0.1.0\n")
    repo.file("lib/charts/x.tgz", "")
    assert Repository(repo.top).ignored() == {"db/made.yaml", "out"}
