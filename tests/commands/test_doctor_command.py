"""`policylint doctor` from outside: a deploy without a check fails the run."""

from __future__ import annotations

import json

import pytest

from policylint.cli.app import command_of
from policylint.cli.parameters import parameters
from policylint.scan.repository.judged import SWITCHES
from tests.commands.test_scan import as_json, here, run

__all__ = ["as_json", "here"]

SCRIPT = "policylint check ./chart\nhelm upgrade web ./chart\n"


HOOK = "repos:\n  - repo: x\n    hooks:\n      - id: policylint-check\n"
CONFIG = "releases:\n  - {name: web, chart: ./chart, environments: {prod: {}, dev: {}}}\n"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"deploy.sh": SCRIPT}, 0),
        ({"deploy.sh": "helm upgrade web ./chart\n"}, 1),
        ({"deploy.sh": "helm upgrade web ./chart --dry-run\n"}, 0),
        ({"deploy.sh": "helm list\n"}, 0),
        (
            {
                "deploy.sh": "helm upgrade web ./chart\n",
                ".pre-commit-config.yaml": HOOK,
                ".policylint.yaml": CONFIG,
            },
            0,
        ),
        ({"deploy.sh": "helm upgrade web ./chart\n", ".pre-commit-config.yaml": HOOK}, 0),
        ({"deploy.sh": "policylint check --list\nhelm upgrade web ./chart\n"}, 1),
    ],
)
def test_a_deploy_without_a_check_fails(here, capsys, monkeypatch, files, code):
    for name, text in files.items():
        (here / name).write_text(text)
    exit_code, out, _ = run(capsys, monkeypatch, "doctor", "--format", "json")
    assert exit_code == code
    assert [deploy["covered"] for deploy in json.loads(out)["deploys"]] == [code == 0] * (
        "web" in out
    )
    exit_code, out, _ = run(capsys, monkeypatch, "doctor")
    assert exit_code == code
    assert ("NOT COVERED" in out) is (code == 1)


def test_a_path_that_is_missing_is_unknown(here, capsys, monkeypatch):
    assert run(capsys, monkeypatch, "doctor", "missing")[0] == 2


def test_an_unknown_format_is_refused(here, capsys, monkeypatch):
    assert run(capsys, monkeypatch, "doctor", "--format", "sarif")[0] == 2


@pytest.mark.parametrize(
    ("check", "deploy", "is_judged"),
    [
        ("policylint check", "helm upgrade web ./chart", True),
        ("policylint check", "helm upgrade api ./chart", False),
        ("policylint check", "helm upgrade web ./chart -n prod", False),
        ("policylint check", 'helm upgrade "$NAME" ./chart', True),
        ("policylint check", 'helm upgrade "$NAME" ./api', False),
        ("policylint check --env prod", "helm upgrade web ./chart", True),
        ("policylint check --env staging", "helm upgrade web ./chart", False),
        ("policylint check --changed --strict", "helm upgrade web ./chart", True),
        ("policylint check ./chart -f v.yaml", "helm upgrade api ./chart", True),
        ("policylint check ./chart", "helm upgrade api chart", True),
        ("policylint check ./other", "helm upgrade web ./chart", False),
        ("policylint check --strict ./other", "helm upgrade web ./chart", False),
        ("policylint check -f v.yaml ./chart", "helm upgrade web ./chart", True),
        ("policylint check ./chart --release api", "helm upgrade web ./chart", False),
        ("policylint check ./chart -n dev", "helm upgrade web ./chart -n prod", False),
        ('policylint check "$CHART"', "helm upgrade web ./chart", True),
        ("policylint check \\\n  ./other", "helm upgrade web ./chart", False),
        ("policylint check -- helm upgrade web ./chart", "helm upgrade web ./chart", True),
        ("policylint check -- helm upgrade api ./api", "helm upgrade web ./chart", False),
        ('policylint check -- helm upgrade "$R" ./api', "helm upgrade web ./chart", True),
        ("policylint check oci://x/web --version 1", "helm upgrade web oci://x/web", True),
        ("policylint check ./other && true", "helm upgrade web ./chart", False),
        ("policylint scan .", "helm upgrade api ./chart", True),
        ("policylint scan charts", "helm upgrade web ./chart", False),
        ("policylint scan --format json ./deploy.sh", "helm upgrade web ./chart", True),
        ("policylint scan --help", "helm upgrade web ./chart", False),
        ("policylint check ./chart --help", "helm upgrade web ./chart", False),
        ("policylint check -", "helm upgrade web ./chart", False),
        ("policylint check --config api.conf", "helm upgrade web ./chart", False),
        ("policylint check --config api.conf", "helm upgrade api ./api", True),
    ],
)
def test_a_run_counts_where_it_judges_that_release(
    here, capsys, monkeypatch, check, deploy, is_judged
):
    (here / ".policylint.yaml").write_text(CONFIG)
    (here / "api.conf").write_text("releases:\n  - {name: api, chart: ./api}\n")
    (here / "deploy.sh").write_text(f"set -e\n{check}\n{deploy}\n")
    _, out, _ = run(capsys, monkeypatch, "doctor", "--format", "json")
    (row,) = json.loads(out)["deploys"]
    assert row["covered"] is is_judged, row
    assert is_judged or "this is none" in row["because"]


def test_where_nothing_is_configured_a_declared_release_is_judged(here, capsys, monkeypatch):
    (here / ".github" / "workflows").mkdir(parents=True)
    (here / ".github" / "workflows" / "pr.yaml").write_text(
        "on: pull_request\njobs:\n  lint:\n    steps:\n      - run: policylint check\n"
    )
    (here / "web.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\n"
        "spec:\n  destination: {namespace: prod}\n"
        "  source: {repoURL: 'https://charts.example.com', chart: web, targetRevision: 1.0.0}\n"
    )
    code, out, _ = run(capsys, monkeypatch, "doctor", "--format", "json")
    assert code == 0, out
    (here / ".policylint.yaml").write_text(CONFIG)
    code, out, _ = run(capsys, monkeypatch, "doctor", "--format", "json")
    assert code == 1, out


def test_the_switches_are_those_of_the_command_line():
    spellings = {
        spelling
        for parameter in parameters(command_of("check"))
        if parameter.kind is bool
        for spelling in parameter.option.spellings
    }
    assert spellings == SWITCHES


WORKFLOW = """\
on: push
DEFAULTS
jobs:
  deploy:
    runs-on: ubuntu-latest
    JOB
    steps:
      - CHECK
      - run: helm upgrade web ./chart
MORE
"""
MATRIX = "strategy: {matrix: {%s}}"
LINT = "  lint:\n    if: github.event_name == 'push'\n    steps: [{run: policylint check}]\n"


@pytest.mark.parametrize(
    ("parts", "is_judged"),
    [
        ({"CHECK": "run: policylint check"}, True),
        ({"CHECK": "run: cd sub && policylint check"}, False),
        ({"CHECK": "run: (cd sub; ls); policylint check"}, True),
        ({"CHECK": "run: cd sub; cd ..; policylint check"}, True),
        ({"CHECK": "run: cd $DIR && policylint check"}, True),
        ({"CHECK": "run: |\n          cd sub\n          policylint check"}, False),
        (
            {"CHECK": "run: |\n          pushd sub\n          popd\n          policylint check"},
            True,
        ),
        ({"CHECK": "run: policylint check\n        working-directory: sub"}, False),
        ({"CHECK": "run: policylint check", "JOB": "defaults: {run: {working-directory: sub}}"}, 0),
        (
            {
                "CHECK": "run: policylint check",
                "DEFAULTS": "defaults: {run: {working-directory: sub}}",
            },
            0,
        ),
        ({"CHECK": "run: make -C sub check"}, False),
        ({"CHECK": "run: policylint check --shard 1/4"}, False),
        ({"CHECK": "run: policylint check --shard 1/1"}, True),
        ({"CHECK": "run: policylint check --shard ${{ matrix.i }}/4"}, True),
        (
            {
                "CHECK": "run: policylint check --shard ${{ matrix.i }}/2",
                "JOB": MATRIX % "i: [1, 2]",
            },
            True,
        ),
        (
            {
                "CHECK": "run: policylint check --shard ${{ matrix.i }}/3",
                "JOB": MATRIX % "i: [1, 2]",
            },
            0,
        ),
        ({"CHECK": "run: policylint check --select claim-deleted"}, False),
        ({"CHECK": "run: policylint check --select data-loss,claim-deleted"}, True),
        ({"CHECK": "run: policylint check ${{ matrix.c }}", "JOB": MATRIX % "c: [api, db]"}, False),
        (
            {"CHECK": "run: policylint check ${{ matrix.c }}", "JOB": MATRIX % "c: [api, chart]"},
            True,
        ),
        (
            {
                "CHECK": "run: policylint check ${{ matrix.c }}",
                "JOB": MATRIX % "include: [{c: api}]",
            },
            False,
        ),
        ({"CHECK": "run: policylint check ${{ matrix.c }}", "JOB": MATRIX % 'c: "${{ x }}"'}, True),
        ({"CHECK": "run: pipx run policylint==1.2 check"}, True),
        ({"CHECK": "run: ls", "JOB": "needs: lint", "MORE": LINT}, True),
        (
            {"CHECK": "run: ls", "JOB": "needs: lint\n    if: ${{ !failure() }}", "MORE": LINT},
            False,
        ),
        ({"CHECK": "uses: ./.github/actions/one"}, True),
        ({"CHECK": "uses: ./.github/actions/two"}, False),
    ],
)
def test_a_job_counts_where_it_runs_and_judges_that_release(
    here, capsys, monkeypatch, parts, is_judged
):
    action = "runs:\n  using: composite\n  steps: [{run: policylint check, shell: bash%s}]\n"
    workflow = WORKFLOW
    for name in ("CHECK", "JOB", "DEFAULTS", "MORE"):
        workflow = workflow.replace(name, parts.get(name, ""))
    files = {
        ".github/workflows/deploy.yaml": workflow,
        ".github/actions/one/action.yml": action % "",
        ".github/actions/two/action.yml": action % ", if: github.ref == 'x'",
        ".policylint.yaml": CONFIG,
        "sub/.policylint.yaml": "releases:\n  - {name: api, chart: ./api}\n",
        "sub/Makefile": "check:\n\tpolicylint check\n",
    }
    for name, text in files.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text)
    _, out, _ = run(capsys, monkeypatch, "doctor", "--format", "json")
    (row,) = json.loads(out)["deploys"]
    assert row["covered"] is bool(is_judged), row


@pytest.mark.parametrize(
    ("settings", "is_judged"),
    [
        ("", True),
        (", rules: [{when: never}]", False),
        (", rules: [{when: manual, allow_failure: true}]", False),
        (", rules: [{when: manual}]", True),
        (", rules: [{if: $A, when: never}, {when: on_success}]", True),
    ],
)
def test_a_job_of_gitlab_that_no_pipeline_waits_for(here, capsys, monkeypatch, settings, is_judged):
    (here / ".policylint.yaml").write_text(CONFIG)
    (here / ".gitlab-ci.yml").write_text(
        f"lint: {{stage: test, script: [policylint check]{settings}}}\n"
        "deploy: {stage: deploy, script: [helm upgrade web ./chart]}\n"
    )
    _, out, _ = run(capsys, monkeypatch, "doctor", "--format", "json")
    (row,) = json.loads(out)["deploys"]
    assert row["covered"] is is_judged, row
