"""The command that gets a missing branch can be pasted, whatever the branch is called."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from policylint.cli.app import run


@pytest.mark.parametrize("branch", ["x;id", "$(id)", "`id`", "a|id", "a&&id"])
def test_a_branch_that_is_not_here(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    branch: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    Path("a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    commit = ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "a"]
    for words in (["add", "-A"], commit):
        subprocess.run(["git", *words], check=True)
    assert run(["check", "a.yaml", "--before", f"git:{branch}"]) == 2
    said = "".join(capsys.readouterr())
    command = said[said.index("git fetch origin ") :].partition(" (or a tag")[0]
    reference = f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
    assert shlex.split(" ".join(command.split()))[-1] == reference
