"""Hooks are told apart from the objects of a release, and those that do not run do nothing."""

import json
from pathlib import Path

import pytest

from policylint.cli.app import run

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
POD = """---
apiVersion: v1
kind: Pod
metadata: {name: WHAT, annotations: {helm.sh/hook: WHAT}}
spec: {restartPolicy: Never, containers: [{name: c, image: "example.com/c:1"}]}
"""


@pytest.fixture
def sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    hooks = [POD.replace("WHAT", event) for event in ("pre-upgrade", "test", "post-install")]
    Path("before.yaml").write_text(MAP)
    Path("after.yaml").write_text(MAP + "".join(hooks))
    return ["check", "after.yaml", "--before", "before.yaml"]


def test_only_hooks_that_run_are_counted(
    sides: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run(sides)
    assert "manifests: 1 resource (1 none), 1 hook runs" in capsys.readouterr().out


def test_a_hook_that_does_not_run_has_no_impact(
    sides: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run([*sides, "--format", "json"])
    rows = json.loads(capsys.readouterr().out)["releases"][0]["changes"]
    impacts = {row["resource"]["name"]: row["impact"] for row in rows if row["change"] == "hook"}
    assert impacts == {"pre-upgrade": "create", "test": "none", "post-install": "none"}
