"""Long and rough use: many checks in one process, many runs at once, runs that are killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import helms
from tests.fleets import write_fleet

pytest.importorskip("helm_python")
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc"),
]

ROOT = Path(__file__).parents[2]
CHECK = [sys.executable, "-P", "-m", "policylint", "check", "--before", "git:HEAD"]
CHECK += ["--helm", "embedded", "--format", "json"]


@pytest.mark.parametrize("engine", ["embedded", "4"])
def test_nothing_grows_over_many_checks(engine):
    named = engine if engine == "embedded" else helms.helm(engine).path
    soak = [sys.executable, str(ROOT / "scripts" / "soak.py"), "--checks", "20", "--engine", named]
    done = subprocess.run(soak, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fleet, one cache, and temporary files that are nobody else's."""
    for name in ("cache", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("POLICYLINT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    write_fleet(tmp_path / "tree", 4)
    return tmp_path


def started(place: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*CHECK, *words], cwd=place / "tree", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_many_runs_at_once_do_not_disturb_each_other(place):
    alone, _ = started(place, "--no-cache").communicate()
    runs = [started(place) for _ in range(20)]
    outputs = [run.communicate() for run in runs]
    assert {out for out, _ in outputs} == {alone}
    assert {errors for _, errors in outputs} == {b""}
    assert list((place / "tmp").iterdir()) == []
    assert list((place / "cache" / "verdicts" / "new").iterdir()) == []


def test_a_killed_run_leaves_nothing_that_the_next_does_not_clean(place):
    alone, _ = started(place, "--no-cache").communicate()
    chance = random.Random(7)
    for _ in range(8):
        run = started(place, "--jobs", "2")
        time.sleep(chance.uniform(0.2, 3))
        run.send_signal(signal.SIGKILL)
        run.communicate()
    (place / "cache" / "verdicts" / "new").mkdir(exist_ok=True, mode=0o700, parents=True)
    (place / "cache" / "verdicts" / "new" / "half.0123abcd").write_bytes(b"half")
    time.sleep(2.5)  # a directory that is younger may be one that is being made
    out, _ = started(place).communicate()
    assert out == alone
    assert list((place / "tmp").iterdir()) == []
    assert list((place / "cache" / "verdicts" / "new").iterdir()) == []
    assert not left_running(place)


def left_running(place: Path) -> list[str]:
    """The processes that stand in the fleet's directory."""
    end = time.monotonic() + 20
    while (left := list(_standing(place / "tree"))) and time.monotonic() < end:
        time.sleep(0.2)
    return left


def _standing(tree: Path):  # type: ignore[no-untyped-def]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == tree:
                yield (process / "cmdline").read_text("utf-8", "replace")
        except OSError:
            continue
