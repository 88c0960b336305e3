"""Remember what version a helm binary is, so that it need not be asked in every run.

Only a program's own file is remembered, by path, size and time of change: a script (a shim of a
version manager) may start another helm in another directory.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from policylint.runtime.wholefiles import write_whole

_KEPT = 50


def known_version(helm: str) -> str:
    """The version remembered for this very file, "" where none is."""
    key = _key(helm)
    return next((line.removeprefix(key) for line in _lines() if key and line.startswith(key)), "")


def remember_version(helm: str, version: str) -> None:
    """Remember it for later runs; where that cannot be written, nothing happens."""
    key = _key(helm)
    if not key:
        return
    file = _file()
    lines = [line for line in _lines() if not line.startswith(key)][-_KEPT:]
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, ("\n".join([*lines, key + version]) + "\n").encode())


def _file() -> Path:
    home = os.environ.get("HOME", "")
    base = (
        os.environ.get("XDG_CACHE_HOME")
        or os.environ.get("LOCALAPPDATA")
        or (f"{home}/.cache" if home else "")
    )
    return Path(base or os.devnull, "policylint", "helm-versions")


def _lines() -> list[str]:
    try:
        return _file().read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _key(helm: str) -> str:
    """What stands before the version in the file; "" for a script and for what cannot be read."""
    try:
        path = Path(helm).resolve(strict=True)
        status = path.stat()
        with path.open("rb") as file:
            if file.read(2) == b"#!" or "\n" in str(path) or "\t" in str(path):
                return ""
    except (OSError, RuntimeError):
        return ""
    return f"{path}\t{status.st_size}\t{status.st_mtime_ns}\t"
