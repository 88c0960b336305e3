"""Temporary directories end with their run, and what a killed one leaves goes with the next."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from policylint.runtime import rooms

pytestmark = pytest.mark.skipif(os.name != "posix", reason="nothing tells there what is left over")
HOLD = "from policylint.runtime import rooms; print(rooms.enter(), flush=True); input()"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own directory for temporary files, and a process that has none yet."""
    for name, value in (("root", ""), ("handle", -1), ("rooms", 0)):
        monkeypatch.setattr(rooms._Run, name, value)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def other_run() -> tuple[subprocess.Popen[str], Path]:
    """Another run that has a room, and that room's run."""
    run = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    return run, Path(run.stdout.readline().strip()).parent


def aged(directory: Path) -> None:
    """Let a directory be made some time ago."""
    past = time.time() - 60
    os.utime(directory, (past, past))


def test_a_run_leaves_nothing(folder: Path) -> None:
    first, second = rooms.enter(), rooms.enter()
    Path(first, "file").write_text("x")
    rooms.leave(first)
    assert Path(second).is_dir()
    rooms.leave(second)
    assert list(folder.iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next(folder: Path) -> None:
    run, left = other_run()
    run.kill()
    run.wait()
    aged(left)
    rooms.leave(rooms.enter())
    assert list(folder.iterdir()) == []


def test_what_a_run_still_needs_stays(folder: Path) -> None:
    run, kept = other_run()
    aged(kept)
    rooms.leave(rooms.enter())
    assert list(folder.iterdir()) == [kept]
    run.communicate("\n")
    assert list(folder.iterdir()) == []


def test_directories_and_links_of_others_stay(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file").write_text("x")
    (folder / "policylint-run-notes").mkdir()
    (folder / "policylint-run-abcdefgh").symlink_to(elsewhere)
    aged(folder / "policylint-run-notes")
    rooms.leave(rooms.enter())
    assert (elsewhere / "file").exists()
    assert (folder / "policylint-run-notes").is_dir()
