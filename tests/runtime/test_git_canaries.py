"""What a repository's configuration has git run, policylint does not: each program is first shown
to be run by plain git, in the same repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from policylint.cli.app import run
from tests.helm.sources.repository import Repo, laptop_repository

Arrange = Callable[[Repo, str], tuple[str, ...]]
"""Has git run a program; gives the words of a git command that does."""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = laptop_repository(tmp_path, monkeypatch)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.delenv("GIT_CONFIG_NOSYSTEM", raising=False)
    for name in ("user.name", "user.email"):
        made.git("config", name, "t@example.com")
    made.file("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
    made.file("web/values.yaml", "size: 8Gi\n")
    made.file("web/templates/claim.yaml", CLAIM)
    made.file("deploy.sh", "helm upgrade web ./web\n")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message=one")
    made.git("tag", "v1")
    made.file("web/values.yaml", "size: 9Gi\n")
    made.git("commit", "--quiet", "--all", "--message=two")
    return made


CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: "{{ .Values.size }}"}}
"""


def attribute(repo: Repo, word: str) -> None:
    repo.file(".gitattributes", f"* {word}\n")


def clean(repo: Repo, program: str) -> tuple[str, ...]:
    attribute(repo, "filter=x")
    repo.git("config", "filter.x.clean", program)
    repo.file("web/values.yaml", "size: 10Gi\n")
    return ("diff",)


def smudge(repo: Repo, program: str) -> tuple[str, ...]:
    attribute(repo, "filter=x")
    repo.git("config", "filter.x.smudge", program)
    return ("checkout", "v1", "--", "web/values.yaml")


def process(repo: Repo, program: str) -> tuple[str, ...]:
    attribute(repo, "filter=x")
    repo.git("config", "filter.x.process", program)
    repo.file("web/values.yaml", "size: 10Gi\n")
    return ("diff",)


def text_conversion(repo: Repo, program: str) -> tuple[str, ...]:
    attribute(repo, "diff=x")
    repo.git("config", "diff.x.textconv", program)
    return ("diff", "v1")


def diff_driver(repo: Repo, program: str) -> tuple[str, ...]:
    attribute(repo, "diff=x")
    repo.git("config", "diff.x.command", program)
    return ("diff", "v1")


def external_diff(repo: Repo, program: str) -> tuple[str, ...]:
    repo.git("config", "diff.external", program)
    return ("diff", "v1")


def monitor(repo: Repo, program: str) -> tuple[str, ...]:
    repo.git("config", "core.fsmonitor", program)
    return ("status",)


def included_monitor(repo: Repo, program: str) -> tuple[str, ...]:
    repo.file("more.config", f'[core]\n\tfsmonitor = "{program}"\n')
    repo.git("config", "include.path", "../more.config")
    return ("status",)


def hook(repo: Repo, program: str) -> tuple[str, ...]:
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        (repo.top / ".git/hooks").mkdir(exist_ok=True)
        (repo.top / ".git/hooks" / name).symlink_to(program)
    return ("checkout", "--detach", "v1")


def hooks_elsewhere(repo: Repo, program: str) -> tuple[str, ...]:
    (repo.top / "hooks").mkdir()
    (repo.top / "hooks/post-checkout").symlink_to(program)
    repo.git("config", "core.hooksPath", "hooks")
    return ("checkout", "--detach", "v1")


def bare_repository(repo: Repo, program: str) -> tuple[str, ...]:
    repo.git("init", "--quiet", "--bare", "web/files")
    core = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = ../..\n"
    repo.file("web/files/config", f'{core}\tfsmonitor = "{program}"\n')
    return ("-C", "web/files", "status")


def submodule(repo: Repo, program: str) -> tuple[str, ...]:
    repo.git("clone", "--quiet", ".", "part")
    repo.git("add", "part")
    repo.git("commit", "--quiet", "--message=a submodule")
    repo.git("-C", "part", "config", "core.fsmonitor", program)
    return ("status",)


@pytest.mark.parametrize(
    "arrange",
    [
        clean,
        smudge,
        process,
        text_conversion,
        diff_driver,
        external_diff,
        monitor,
        included_monitor,
        hook,
        hooks_elsewhere,
        bare_repository,
        submodule,
    ],
    ids=lambda arrange: arrange.__name__,
)
def test_a_program_that_git_would_run_is_not_run(
    repo: Repo, arrange: Arrange, tmp_path: Path
) -> None:
    ran = tmp_path / "RAN"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch '{ran}'\nexit 1\n")
    program.chmod(0o755)
    words = arrange(repo, str(program))
    ran.unlink(missing_ok=True)
    for arguments in (
        ["check", "web", "--release", "web", "--before", "git:v1"],
        ["scan"],
        ["releases"],
        ["doctor", "."],
    ):
        run(arguments)
        assert not ran.exists(), arguments
    subprocess.run(["git", *words], cwd=repo.top, capture_output=True, check=False)
    assert ran.exists(), "git does not run it: the test shows nothing"


def test_a_replaced_commit_is_read_as_it_was(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.git("replace", "v1", "HEAD")
    assert "size: 9Gi" in repo.git("show", "v1:web/values.yaml")
    run(["diff", "web", "--release", "web", "--before", "git:v1"])
    assert "8Gi" in capsys.readouterr().out


def test_a_work_tree_elsewhere_is_not_read(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "web").mkdir(parents=True)
    repo.git("config", "core.worktree", str(elsewhere))
    assert repo.git("rev-parse", "--show-toplevel") == str(elsewhere.resolve())
    run(["scan"])
    assert "deploy.sh" in capsys.readouterr().out
    run(["diff", "web", "--release", "web", "--before", "git:v1"])
    assert "8Gi" in capsys.readouterr().out
