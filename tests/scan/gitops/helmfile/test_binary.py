"""helmfile's own build of what templates decide: which releases, and what is never run."""

import os
import shutil
from pathlib import Path

import pytest

from policylint.config import Config
from policylint.errors import UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.pipeline.declared.tools import tools_of
from policylint.scan.gitops.helmfile.binary import Binary
from policylint.scan.gitops.resolve import Tools, resolve
from policylint.scan.gitops.tree import Tree

TEMPLATES = Path("fixtures/repositories/helmfile-templates").resolve()
ENVIRONMENTS = Path("fixtures/repositories/helmfile-environments").resolve()
FOUND = shutil.which(os.environ.get("POLICYLINT_HELMFILE", "") or "helmfile")
helmfile = pytest.mark.skipif(FOUND is None, reason="no helmfile is installed")


def built(root, program=FOUND):
    return resolve(Tree.of(root), Tools(helmfile=Binary(program)))


@helmfile
def test_what_templates_decide_is_built_in_each_environment():
    declarations = built(TEMPLATES)
    assert declarations.problems == ()
    assert [
        (release.key, release.chart.version, release.is_absent) for release in declarations.releases
    ] == [
        (("staging", "blue", "web-blue"), "2.0.0", False),
        (("staging", "queue", "queue"), "3.0.0", True),
        (("production", "blue", "web-blue"), "1.9.0", False),
        (("production", "green", "web-green"), "1.9.0", False),
        (("production", "queue", "queue"), "3.0.0", False),
    ]
    green = declarations.releases[3]
    assert [dict(layer.values) for layer in green.layers] == [
        {"team": "green", "environment": "production"}
    ]
    assert green.chart.url == "oci://registry.invalid/charts/web"


@helmfile
def test_what_is_literal_reads_as_helmfile_builds_it():
    def shown(declarations, tree):
        return [
            (
                release.key,
                release.chart,
                release.is_absent,
                [_values(layer, tree) for layer in release.layers],
            )
            for release in declarations.releases
        ]

    tree = Tree.of(ENVIRONMENTS)
    assert shown(built(ENVIRONMENTS), tree) == shown(resolve(tree), tree)


def _values(layer, tree):
    return tree.documents(layer.path).items[0].body if layer.path else dict(layer.values)


@pytest.fixture
def script(tmp_path):
    """A helmfile that notes that it was run."""
    program = tmp_path / "helmfile"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/ran\nenv >> {tmp_path}/ran\n', "utf-8")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    "text",
    [
        "hooks: [{events: [prepare], command: ./evil}]\nreleases: []\n",
        "releases: [{name: a, hooks: [{events: [cleanup], command: sh}]}]\n",
        "releases: [{name: {{ exec `sh` (list) }}}]\n",
        'releases: [{name: {{ "}" | exec "sh" (list) }}}]\n',
        "releases: [{name: {{ `}}` | envExec . `sh` (list) }}}]\n",
        'a: {{/* " */}} {{ "}}" | exec "sh" (list) }}\n',
    ],
)
def test_a_file_that_names_programs_is_not_built(script, tmp_path, text):
    root = tmp_path / "repository"
    root.mkdir()
    (root / "helmfile.yaml.gotmpl").write_text(text, "utf-8")
    (problem,) = built(root, str(script)).problems
    assert "programs that would run" in problem.message
    assert not (tmp_path / "ran").exists()


def test_a_file_that_a_helmfile_leads_up_to_counts_and_others_do_not(script, tmp_path):
    root = tmp_path / "repository"
    for folder in ("app", "shared", "other"):
        (root / folder).mkdir(parents=True)
    (root / "app/helmfile.yaml.gotmpl").write_text("releases: []\n", "utf-8")
    (root / "other/values.gotmpl").write_text("a: {{ exec `sh` (list) }}\n", "utf-8")
    assert "it printed no state" in built(root, str(script)).problems[0].message
    (root / "app/helmfile.yaml.gotmpl").write_text("values: [../other/{{ .x }}.gotmpl]\n", "utf-8")
    (tmp_path / "ran").unlink()
    assert "programs that would run" in built(root, str(script)).problems[0].message
    assert not (tmp_path / "ran").exists()


def test_a_build_sees_no_secret_of_the_process(script, tmp_path, monkeypatch):
    monkeypatch.setenv("DEPLOY_TOKEN", "hunter2-Secret9")
    monkeypatch.setenv("REGION", "eu-1")
    built(TEMPLATES, str(script))
    ran = (tmp_path / "ran").read_text("utf-8")
    assert "--embed-values" in ran
    assert ("hunter2" in ran, "REGION" in ran) == (False, False)


def test_a_variable_that_the_user_names_is_passed_on(script, tmp_path, monkeypatch):
    monkeypatch.setenv("REGION", "eu-1")
    monkeypatch.setenv("POLICYLINT_HELMFILE", str(script))
    monkeypatch.setenv("POLICYLINT_HELMFILE_ENV", "REGION, NOT_SET")
    tools = tools_of(Options(helmfile=True), Config(), Workspace())
    resolve(Tree.of(TEMPLATES), tools)
    assert "REGION=eu-1" in (tmp_path / "ran").read_text("utf-8")


def test_helmfile_is_run_only_where_it_is_asked_for(monkeypatch, script):
    monkeypatch.setenv("POLICYLINT_HELMFILE", str(script))
    assert tools_of(Options(), Config(), Workspace()).helmfile is None
    monkeypatch.delenv("GITHUB_BASE_REF", raising=False)
    assert tools_of(Options(helmfile=True), Config(), Workspace()).helmfile is not None


def test_helmfile_is_not_run_for_a_fork(monkeypatch, script):
    monkeypatch.setenv("POLICYLINT_HELMFILE", str(script))
    monkeypatch.setenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
    monkeypatch.setenv("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "mallory/shop")
    monkeypatch.setenv("CI_MERGE_REQUEST_PROJECT_PATH", "team/shop")
    with pytest.raises(UsageError, match="fork"):
        tools_of(Options(helmfile=True), Config(), Workspace())
    monkeypatch.setenv("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "team/shop")
    assert tools_of(Options(helmfile=True), Config(), Workspace()).helmfile is not None


def test_a_missing_helmfile_is_said(monkeypatch):
    monkeypatch.setenv("POLICYLINT_HELMFILE", "no-such-helmfile")
    with pytest.raises(UsageError, match="no helmfile is installed"):
        tools_of(Options(helmfile=True), Config(), Workspace())
