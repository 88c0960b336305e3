"""Many checks in one process: memory, handles, temporary files and processes must not grow.

    python scripts/soak.py [--checks 5000] [--engine embedded|PATH]

Prints a row for each tenth, and ends with 1 where anything grew. Linux: it looks in /proc.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
import time
from pathlib import Path

from policylint.cli.app import run

ROOT = Path(__file__).resolve().parent.parent
MOST_GROWTH = 24 * 1024
"""KiB that the process may be larger at the end than after the first tenth: what Go and Python
keep for later comes and goes."""


def main() -> int:
    """Check again and again; 1 where something grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=5000)
    parser.add_argument("--engine", default="embedded")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        os.environ["TMPDIR"] = tempfile.tempdir = room
        os.environ["POLICYLINT_CACHE"] = str(Path(room, "cache"))
        rows = _soak(asked.checks, asked.engine)
    return _judged(rows[0], rows[-1])


def _soak(checks: int, engine: str) -> list[dict[str, int]]:
    """A row after each tenth of the checks."""
    demo = ROOT / "fixtures" / "demo"
    words = ["check", str(demo / "after"), "--before", str(demo / "before"), "--release", "shop"]
    words += ["-n", "prod", "-f", str(demo / "values-prod.yaml"), "--helm", engine, "--blame", "1"]
    rows = []
    begin = time.monotonic()
    for number in range(1, checks + 1):
        with contextlib.redirect_stdout(io.StringIO()):
            code = run([*words, "--format", "json"])
        if code != 1:
            sys.exit(f"check {number} ended with {code}")
        if number % max(1, checks // 10) == 0:
            rows.append(_state())
            row = " ".join(f"{name}={value}" for name, value in rows[-1].items())
            print(f"{number:>6} checks {time.monotonic() - begin:7.1f} s  {row}", flush=True)
    return rows


def _state() -> dict[str, int]:
    status = Path("/proc/self/status").read_text("ascii")
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    left = [path for path in Path(tempfile.gettempdir()).rglob("*") if path.is_file()]
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split()
    return {
        "kib": int(resident.split()[1]),
        "handles": len(list(Path("/proc/self/fd").iterdir())),
        "files": len(left),
        "processes": len(children),
        "threads": len(list(Path("/proc/self/task").iterdir())),
    }


def _judged(first: dict[str, int], last: dict[str, int]) -> int:
    grown = [name for name in ("handles", "files", "processes") if last[name] > first[name]]
    if last["kib"] - first["kib"] > MOST_GROWTH:
        grown.append("kib")
    if last["threads"] > first["threads"] + 8:  # Go's own
        grown.append("threads")
    print("grown: " + (", ".join(grown) or "nothing"))
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
