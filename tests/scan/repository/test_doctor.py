"""`policylint doctor`: a deploy is covered when policylint runs before it, whatever the CI
system."""

from __future__ import annotations

import textwrap

import pytest

from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.coverage import Coverage, examine, guards
from policylint.scan.repository.registry import read_source
from policylint.scan.texts.source import Source


def source(file: str, text: str) -> Source:
    return Source.of(file, textwrap.dedent(text).lstrip("\n").encode())


def deploy(
    at: Source, needle: str = "helm upgrade", tool: str = "helm", action: str = "upgrade"
) -> Invocation:
    line = at.text[: at.text.index(needle)].count("\n") + 1
    return Invocation(at.file, line, 1, tool, action)


def covered(deploying: Source, *checks: Source, **facts: str) -> Coverage:
    (coverage,) = examine([deploy(deploying, **facts)], [deploying, *checks])
    return coverage


SCRIPT = """
    set -e
    policylint check ./chart -f values.yaml
    helm upgrade web ./chart
"""


def test_a_check_above_the_deploy_covers_it() -> None:
    coverage = covered(source("deploy.sh", SCRIPT))
    assert coverage.guard is not None
    assert (coverage.guard.line, coverage.guard.kind) == (2, "command")


@pytest.mark.parametrize(
    "line",
    [
        "uvx policylint check ./chart",
        "python -m policylint check ./chart",
        "docker run --rm policylint/policylint:1.0 check ./chart",
        "if ! ./bin/policylint --format=json check ./chart; then exit 1; fi",
        "policylint scan .",
    ],
)
def test_every_way_to_run_it_counts(line: str) -> None:
    assert covered(source("deploy.sh", f"{line}\nhelm upgrade web ./chart\n")).guard is not None


@pytest.mark.parametrize(
    "line",
    [
        "# policylint check ./chart",
        "echo 'run policylint check first'",
        "pip install policylint",
        "policylint --version",
        "cat policylint-check.log",
    ],
)
def test_a_mention_is_no_guard(line: str) -> None:
    coverage = covered(source("deploy.sh", f"{line}\nhelm upgrade web ./chart\n"))
    assert coverage.guard is None
    assert "nothing" in coverage.because


def test_a_check_after_the_deploy_does_not_cover_it() -> None:
    assert (
        covered(source("deploy.sh", "helm upgrade web ./chart\npolicylint check ./chart\n")).guard
        is None
    )


WORKFLOW = """
    on: push
    jobs:
      check:
        runs-on: ubuntu-latest
        steps:
          - uses: acme/policylint-action@v1
      build:
        runs-on: ubuntu-latest
        needs: check
        steps:
          - run: make
      deploy:
        runs-on: ubuntu-latest
        needs: [{needs}]
        steps:
          - run: helm upgrade web ./chart
"""


@pytest.mark.parametrize(("needs", "expected"), [("build", True), ("check", True), ("", False)])
def test_a_job_that_it_waits_for_covers_it(needs: str, expected: bool) -> None:
    workflow = source(".github/workflows/deploy.yml", textwrap.dedent(WORKFLOW).format(needs=needs))
    assert (covered(workflow).guard is not None) is expected


def test_gitlab_stages_are_an_order() -> None:
    text = """
        stages: [lint, deploy]
        check:
          stage: lint
          script: [policylint check chart]
        release:
          stage: deploy
          script:
            - helm upgrade web ./chart
    """
    assert covered(source(".gitlab-ci.yml", text)).guard is not None
    assert (
        covered(source(".gitlab-ci.yml", text.replace("stage: lint", "stage: deploy"))).guard
        is None
    )


def test_azure_and_circleci_jobs() -> None:
    azure = """
        jobs:
          - job: check
            steps: [{script: policylint check chart}]
          - deployment: release
            dependsOn: check
            steps:
              - script: helm upgrade web ./chart
    """
    circle = """
        jobs:
          check:
            steps: [{run: policylint check chart}]
          release:
            steps:
              - run: helm upgrade web ./chart
        workflows:
          main:
            jobs:
              - check
              - release: {requires: [check]}
    """
    assert covered(source("azure-pipelines.yml", azure)).guard is not None
    assert covered(source(".circleci/config.yml", circle)).guard is not None


def test_a_declaration_is_covered_by_ci_and_a_command_is_not() -> None:
    workflow = source(
        ".github/workflows/pr.yaml", "jobs:\n  lint:\n    steps:\n      - run: policylint scan .\n"
    )
    release = source("apps/web.yaml", "kind: HelmRelease\n")
    script = source("deploy.sh", "helm upgrade web ./chart\n")
    assert covered(release, workflow, needle="kind", tool="flux").guard is not None
    assert covered(script, workflow).guard is None


HOOKS = """
    repos:
      - repo: https://github.com/acme/policylint
        hooks: [HOOK]
"""


@pytest.mark.parametrize("hook", ["policylint-check", "policylint-scan"])
def test_a_commit_hook_covers_every_deploy_that_it_judges(hook: str) -> None:
    listed = f"\n          - id: {hook}"
    hooks = source(".pre-commit-config.yaml", HOOKS.replace("[HOOK]", listed))
    coverage = covered(source("deploy.sh", "helm upgrade web ./chart\n"), hooks)
    assert coverage.guard is not None
    assert coverage.guard.kind == "hook"


def test_a_repository_of_hooks_of_which_none_runs() -> None:
    hooks = source(".pre-commit-config.yaml", HOOKS.replace("HOOK", ""))
    assert covered(source("deploy.sh", "helm upgrade web ./chart\n"), hooks).guard is None


def test_what_changes_nothing_needs_no_guard() -> None:
    script = source("deploy.sh", "helm template web ./chart\n")
    assert examine([deploy(script, needle="helm", action="template")], [script]) == ()


def test_guards_of_a_file_without_a_mention() -> None:
    assert list(guards(source("a.sh", "helm upgrade web ./chart"))) == []


@pytest.mark.parametrize(
    "run", ["policylint", "uvx policylint", "python -m policylint", "docker run x/policylint:1.0"]
)
def test_a_command_that_is_judged_is_no_deploy(run: str) -> None:
    text = f"{run} check --strict -- helm upgrade web ./chart\nhelm upgrade web ./chart\n"
    (invocation,) = read_source(source("deploy.sh", text))
    assert isinstance(invocation, Invocation)
    assert invocation.line == 2
