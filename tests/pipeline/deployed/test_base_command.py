"""The before side of a command that is typed is the same command in the base's files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from tests.helm.sources.repository import Repo
from tests.helms import any_helm
from tests.pipeline.configuration.test_base import CLAIM, chart
from tests.servers import Server, serving

REFUSED = "statefulset-immutable-field"
WORKFLOW = """\
on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: helm upgrade shop ./shop -n prod COMMAND
"""
GITLAB = """\
deploy:
  variables: {VERSION: OLD}
  script:
    - helm upgrade cache cache --repo URL --version $VERSION -n prod
"""
TWO_JOBS = """\
staging:
  environment: staging
  script: [helm upgrade shop ./shop -f STAGING]
production:
  environment: production
  script: [helm upgrade shop ./shop -f PRODUCTION]
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with a chart whose claims grow with big.yaml."""
    made = Repo(tmp_path / "repo").init()
    monkeypatch.chdir(made.top)
    monkeypatch.setenv("POLICYLINT_HELM", any_helm().path)
    chart(made)
    made.file("big.yaml", "size: 20Gi\n")
    made.file("small.yaml", "size: 8Gi\n")
    return made


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A repository of charts: 2.0.0 of `cache` has larger claims."""
    for kind in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"HELM_{kind}_HOME", str(tmp_path / kind))
    monkeypatch.setenv("POLICYLINT_CACHE", str(tmp_path / "charts"))
    with serving() as made:
        for version, size in (("1.0.0", "8Gi"), ("1.1.0", "8Gi"), ("2.0.0", "20Gi")):
            files = {"templates/db.yaml": CLAIM, "values.yaml": f"size: {size}\n"}
            made.add_chart("cache", version, files)
        yield made


def changed(repo: Repo, name: str, before: str, after: str) -> None:
    """A file as the base has it, and as the branch has it."""
    repo.file(name, before)
    repo.commit("base")
    repo.git("switch", "--quiet", "--create", "feature")
    repo.file(name, after)
    repo.commit("change")


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, set[str], str]:
    """(exit code, rules, notes and failures)."""
    code = run(["check", "--format", "json", *words])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    failures = [*report["failures"]]
    rules: set[str] = set()
    notes: list[str] = []
    for release in report["releases"]:
        rules |= {finding["rule"] for finding in release["findings"]}
        failures += release["failures"]
        notes += release.get("evidence", {}).get("notes", [])
    words_said = [f"{failure['message']} {failure['remedy']}" for failure in failures]
    return code, rules, "\n".join([*words_said, *notes])


def typed(capsys: pytest.CaptureFixture[str], command: str) -> tuple[int, set[str], str]:
    return check(capsys, "--", *command.split())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deploy.sh", "helm upgrade shop ./shop -n prod COMMAND\n"),
        ("Makefile", "deploy:\n\thelm upgrade --install shop ./shop -n prod COMMAND\n"),
        (".github/workflows/deploy.yaml", WORKFLOW),
        ("scripts/deploy.sh", "helm upgrade shop ../shop -n prod COMMAND\n"),
    ],
)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("-f small.yaml", "-f big.yaml"),
        ("", "-f big.yaml"),
        ("", "--set size=20Gi"),
        ("-f big.yaml -f small.yaml", "-f small.yaml -f big.yaml"),
        ("-f big.yaml,small.yaml", "-f big.yaml"),
        ("-f big.yaml --set-string size=8Gi", "-f big.yaml"),
    ],
)
def test_values_and_sets_are_those_of_the_base_s_command(
    repo: Repo,
    capsys: pytest.CaptureFixture[str],
    name: str,
    text: str,
    before: str,
    after: str,
) -> None:
    def written(flags: str) -> str:
        in_scripts = name.startswith("scripts")
        files = flags.replace("big", "../big").replace("small", "../small")
        return text.replace("COMMAND", files if in_scripts else flags)

    changed(repo, name, written(before), written(after))
    code, rules, failures = typed(capsys, f"helm upgrade shop ./shop -n prod {after}")
    assert (code, REFUSED in rules) == (1, True), failures
    assert f"before: the command of {name}:" in failures


def test_a_command_that_did_not_change_is_compared_with_itself_as_its_files_were(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("deploy.sh", "helm upgrade shop ./shop -n prod -f small.yaml\n")
    changed(repo, "small.yaml", "size: 8Gi\n", "size: 20Gi\n")
    code, rules, failures = typed(capsys, "helm upgrade shop ./shop -n prod -f small.yaml")
    assert (code, REFUSED in rules) == (1, True), failures


def test_a_variable_is_what_is_typed_and_that_is_said(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    command = 'helm upgrade shop ./shop -n prod -f "$ENV.yaml" --set tag=$TAG FILE\n'
    changed(repo, "d.sh", command.replace("FILE", "-f small.yaml"), command.replace("FILE", ""))
    words = "helm upgrade shop ./shop -n prod -f big.yaml --set tag=1.2"
    code, rules, failures = typed(capsys, words)
    assert (code, REFUSED in rules) == (1, True), failures
    assert "--values, --set tag as it is typed now" in failures


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("-f $OLD", "-f small.yaml"),
        ("$FLAGS", "-f small.yaml"),
        ("--set size=$SIZE", "-f small.yaml"),
    ],
)
def test_a_variable_that_nothing_tells_is_unknown(
    repo: Repo, capsys: pytest.CaptureFixture[str], before: str, after: str
) -> None:
    command = "helm upgrade shop ./shop -n prod {}\n"
    changed(repo, "deploy.sh", command.format(before), command.format(after))
    code, _, failures = typed(capsys, f"helm upgrade shop ./shop -n prod {after}")
    assert code == 2
    assert "what deploy.sh:1 gave for" in failures
    assert "--before release:NAMESPACE/NAME" in failures


def test_further_words_of_a_variable_are_on_both_sides(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(
        repo,
        "deploy.sh",
        "helm upgrade shop ./shop -n prod $FLAGS\n",
        "helm upgrade shop ./shop -n prod $FLAGS -f big.yaml\n",
    )
    words = "helm upgrade shop ./shop -n prod --set tag=2 -f big.yaml"
    code, rules, failures = typed(capsys, words)
    assert (code, REFUSED in rules) == (1, True), failures


def test_of_two_jobs_the_one_whose_command_it_is_counts(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    base = TWO_JOBS.replace("STAGING", "big.yaml").replace("PRODUCTION", "small.yaml")
    now = TWO_JOBS.replace("STAGING", "small.yaml").replace("PRODUCTION", "big.yaml")
    changed(repo, ".gitlab-ci.yml", base, now)
    code, rules, _ = typed(capsys, "helm upgrade shop ./shop -f big.yaml")
    assert (code, REFUSED in rules) == (1, True)
    code, rules, output = check(
        capsys, "--env", "production", "--", "helm", "upgrade", "shop", "./shop", "-f", "big.yaml"
    )
    assert (code, REFUSED in rules) == (1, True), output


def test_of_two_commands_that_may_have_run_neither_is_taken(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    base = TWO_JOBS.replace("STAGING", "big.yaml").replace("PRODUCTION", "small.yaml")
    now = TWO_JOBS.replace("STAGING", "big.yaml").replace("PRODUCTION", "big.yaml")
    changed(repo, ".gitlab-ci.yml", base, now)
    code, _, failures = typed(capsys, "helm upgrade shop ./shop -f big.yaml")
    assert code == 2
    assert ".gitlab-ci.yml:3, .gitlab-ci.yml:6 differ" in failures
    assert "--before release:NAMESPACE/NAME" in failures


def test_a_command_of_a_document_runs_nowhere(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(repo, "README.md", "```sh\nhelm upgrade shop ./shop -n prod -f big.yaml\n```\n", "x\n")
    code, _, failures = typed(capsys, "helm upgrade shop ./shop -n prod -f big.yaml")
    assert "README" not in failures
    assert code == 0


def test_a_command_of_another_namespace_is_another_release(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(repo, "deploy.sh", "helm upgrade shop ./shop -n dev -f big.yaml\n", "true\n")
    code, _, failures = typed(capsys, "helm upgrade shop ./shop -n prod -f big.yaml")
    assert "deploy.sh" not in failures
    assert code == 0


@pytest.mark.parametrize("old", ["1.0.0", "1.1.0"])
def test_the_version_of_a_chart_is_the_one_of_the_base(
    repo: Repo, server: Server, capsys: pytest.CaptureFixture[str], old: str
) -> None:
    pipeline = GITLAB.replace("URL", server.url)
    changed(
        repo,
        ".gitlab-ci.yml",
        pipeline.replace("OLD", old),
        pipeline.replace("OLD", "2.0.0"),
    )
    command = f"helm upgrade cache cache --repo {server.url} --version 2.0.0 -n prod"
    code, rules, failures = typed(capsys, command)
    assert (code, REFUSED in rules) == (1, True), failures


@pytest.mark.parametrize("name", [("--release", "cache", "-n", "prod"), ()])
def test_a_chart_that_is_named_alone_is_the_one_that_a_command_has(
    repo: Repo, server: Server, capsys: pytest.CaptureFixture[str], name: tuple[str, ...]
) -> None:
    command = f"helm upgrade cache cache --repo {server.url} -n prod --version"
    changed(repo, "deploy.sh", f"{command} 1.0.0\n", f"{command} 2.0.0\n")
    words = ("cache", "--repo", server.url, "--version", "2.0.0", *name)
    code, rules, output = check(capsys, *words)
    assert (code, REFUSED in rules) == (1, True), output


@pytest.mark.parametrize("version", ["--version $VERSION", ""])
def test_a_version_that_the_base_does_not_tell_is_unknown(
    repo: Repo, server: Server, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    command = f"helm upgrade cache cache --repo {server.url} -n prod"
    changed(repo, "deploy.sh", f"{command} {version}\n", f"{command} {version} --wait\n")
    code, _, failures = typed(capsys, f"{command} --version 2.0.0")
    assert code == 2
    assert "--before" in failures
