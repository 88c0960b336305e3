"""What a change cannot hide from a scan: it is read, or said to be unread."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from policylint.cli import app
from policylint.scan.repository.walk import scan

COMMAND = "helm upgrade --install web ./chart --force\n"
WORKFLOW = "on: push\njobs:\n  web:\n    runs-on: x\n    steps:\n      - run: " + COMMAND


def git(root: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b", *words],
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "no-git"])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.sh", COMMAND.encode()),
        ("a.sh", b'h"e"lm upgrade --install web ./chart --force\n'),
        ("a.sh", b"hel\\m upgrade --install web ./chart --force\n"),
        ("a.sh", b"he''lm upgrade --install web ./chart --force\n"),
        (".gitlab-ci.yml", b"web:\n  script:\n    - h'e'lm upgrade --install web ./chart\n"),
        (".github/workflows/a.yaml", WORKFLOW.replace("\n", "\r").encode()),
        (".github/workflows/a.yaml", WORKFLOW.replace("\n", "\r\n").encode()),
    ],
)
def test_it_is_read(tmp_path: Path, name: str, data: bytes, tracked: bool) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(data)
    (tmp_path / ".gitattributes").write_text("* binary -diff -text\n*.sh binary\n")
    if tracked:
        git(tmp_path, "init", "-q")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-qm", "one")
    result = scan([tmp_path], tmp_path)
    assert [(run.file, run.action, run.release) for run in result.invocations] == [
        (name, "upgrade", "web")
    ]
    assert result.failures == ()


@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "no-git"])
def test_utf_16_is_said_to_be_unread(tmp_path: Path, tracked: bool) -> None:
    (tmp_path / "a.ps1").write_bytes(COMMAND.encode("utf-16"))
    if tracked:
        git(tmp_path, "init", "-q")
        git(tmp_path, "add", "-A")
    (failure,) = scan([tmp_path], tmp_path).failures
    assert failure.message.endswith("a.ps1: text in UTF-16, not read")


def test_zero_bytes_are_said_to_be_unread(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_bytes(COMMAND.encode() + b"\0")
    (tmp_path / "logo.bin").write_bytes(b"\0helm")
    (failure,) = scan([tmp_path], tmp_path).failures
    assert failure.message.endswith("a.sh: holds zero bytes, not read")


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["*"], 0),
        (["docs"], 2),
        (["**/*.md"], 2),
        (["*.md"], 2),
        (["docs/*.md", "sub/**"], 1),
        (["docs/*/install.md"], 3),
    ],
)
def test_patterns_of_files_leave_out_and_say_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    patterns: list[str],
    left: int,
) -> None:
    for name in ("docs/install.md", "sub/below/b.sh", "a.sh"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"```sh\n{COMMAND}```\n" if name[-1] == "d" else COMMAND)
    (tmp_path / ".policylint.yaml").write_text(json.dumps({"scan": {"ignore": patterns}}))
    monkeypatch.chdir(tmp_path)
    app.run(["scan"])
    shown = capsys.readouterr().out
    assert f"{left or 'no'} helm command" in shown
    assert (f"{3 - left} files that may run Helm are left out by scan.ignore" in shown) == (
        left < 3
    )
