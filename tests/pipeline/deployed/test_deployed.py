"""A release of the configuration is judged as the command that deploys it in this repository runs
it."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.commands.test_scan import here, run
from tests.helms import helm

__all__ = ["here"]
FILES = {
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "chart/values.yaml": "size: 1\n",
    "chart/templates/config.yaml": (
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {size: "{{ .Values.size }}"}\n'
    ),
    ".policylint.yaml": "releases:\n  - {name: web, chart: ./chart, namespace: prod}\n",
}


def commit(folder, *files):
    """Commit some files, or all there are."""
    name = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "add", *(files or ["-A"])], cwd=folder, check=True)
    subprocess.run(["git", *name, "commit", "-qm", "change"], cwd=folder, check=True)


@pytest.fixture
def repository(here):
    for name, text in FILES.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=here, check=True)
    commit(here)
    (here / "chart" / "values.yaml").write_text("size: 2\n")
    return here


def committed(repository, command):
    """The repository with a deploy script that its base has too."""
    (repository / "deploy.sh").write_text(f"{command}\n")
    commit(repository, "deploy.sh")


def judged(capsys, monkeypatch):
    """The one release of the report of a check against the commit."""
    words = ("check", "--before", "git:HEAD", "--helm", helm("3").path, "--all-findings")
    _, out, _ = run(capsys, monkeypatch, *words, "--format", "json")
    (release,) = json.loads(out)["releases"]
    return release


def check(capsys, monkeypatch):
    release = judged(capsys, monkeypatch)
    return {change["impact"] for change in release["changes"]}, {
        finding["rule"] for finding in release["findings"]
    }


@pytest.mark.parametrize(
    ("command", "impact", "rules"),
    [
        (
            "helm upgrade web ./chart -n prod --reuse-values",
            "none",
            {"reuse-values", "reuse-hides-defaults"},
        ),
        ("helm upgrade web ./chart -n prod", "in-place", {"atomic-missing"}),
        ("helm upgrade other ./chart -n prod --reuse-values", "in-place", set()),
        ("echo nothing", "in-place", set()),
    ],
)
def test_the_values_mode_of_the_deploy_is_the_one_that_is_judged(
    repository, capsys, monkeypatch, command, impact, rules
):
    committed(repository, command)
    impacts, notes = check(capsys, monkeypatch)
    assert impacts == {impact}
    assert rules <= notes
    assert rules or not notes & {"atomic-missing", "reuse-values"}


@pytest.mark.parametrize(("command", "apply"), [("--force", "replace"), ("--wait", "client-side")])
def test_a_deploy_with_force_is_forecast_as_one(repository, capsys, monkeypatch, command, apply):
    committed(repository, f"helm upgrade web ./chart -n prod {command}")
    assert judged(capsys, monkeypatch)["apply"] == apply


def test_a_script_that_the_change_brings_sets_no_mode(repository, capsys, monkeypatch):
    (repository / "notes.sh").write_text("helm upgrade web ./chart -n prod --reuse-values\n")
    impacts, notes = check(capsys, monkeypatch)
    assert impacts == {"in-place"}
    assert "reuse-values" in notes
