"""Temporary directories of a run, and what earlier runs that were killed left of theirs.

All of a run lie in one directory that the run holds a lock on; a lock ends with its process,
however that ends. The next run that needs such a directory removes those that nobody holds.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import threading
import time
from pathlib import Path

_PREFIX = "policylint-run-"
_NAME = re.compile(rf"{_PREFIX}\w{{8}}")
_NEW = 2.0
"""Seconds in which a directory may be made but not yet locked."""


class _Run:
    """The directory of this process; there is one while anything lies in it."""

    lock = threading.Lock()
    root = ""
    handle = -1
    rooms = 0


def enter() -> str:
    """A new, empty directory; raises OSError where none can be made."""
    import shutil
    import tempfile

    with _Run.lock:
        if not _Run.root:
            _sweep(tempfile.gettempdir())
            root = tempfile.mkdtemp(prefix=_PREFIX)
            _Run.root, _Run.handle = root, _locked(root)
            atexit.register(shutil.rmtree, root, ignore_errors=True)
        try:
            made = tempfile.mkdtemp(prefix="policylint-", dir=_Run.root)
        except OSError:
            if not _Run.rooms:
                shutil.rmtree(_Run.root, ignore_errors=True)
                _end()
            raise
        _Run.rooms += 1
        return made


def leave(directory: str | Path) -> None:
    """Remove such a directory."""
    import shutil

    with _Run.lock:
        shutil.rmtree(directory, ignore_errors=True)
        _Run.rooms -= 1
        if not _Run.rooms:
            shutil.rmtree(_Run.root, ignore_errors=True)
            _end()


def _end() -> None:
    if _Run.handle >= 0:
        os.close(_Run.handle)
    _Run.root, _Run.handle = "", -1


def _sweep(folder: str) -> None:
    """Remove what runs of this user left that are no more."""
    if os.name != "posix":  # nothing tells there whether a run is under way
        return
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if _NAME.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    _remove_left(entry)


def _remove_left(entry: os.DirEntry[str]) -> None:
    import shutil

    status = entry.stat(follow_symlinks=False)
    is_new = time.time() - status.st_mtime < _NEW
    if is_new or status.st_uid != os.getuid() or not entry.is_dir(follow_symlinks=False):
        return
    handle = _locked(entry.path)
    if handle >= 0:
        shutil.rmtree(entry.path, ignore_errors=True)
        os.close(handle)


def _locked(directory: str) -> int:
    """A descriptor that holds the lock of a directory; -1 where another process holds it, or the
    system has none."""
    try:
        import fcntl
    except ImportError:  # Windows
        return -1
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return -1
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return -1
    return handle
