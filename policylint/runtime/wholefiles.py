"""Files that are written whole or not at all.

What a run that was killed left half written is removed by the next one that writes the same file.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

_ENDING = ".policylint-part"
_LONGEST = 200
"""Characters of the file's own name in that of its part: a name may have 255 bytes."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file; a new one gets the mode that the umask leaves, an old one keeps its own.

    Raises OSError, and leaves the file as it was then.
    """
    write_pieces(path, (content,))


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """The same of a content that comes in pieces."""
    stem = f".{path.name[:_LONGEST]}."
    _sweep(path.parent, stem)
    part = path.parent / f"{stem}{os.urandom(4).hex()}{_ENDING}"
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  a descriptor
            _lock(file.fileno())
            file.writelines(pieces)
            file.flush()
            with contextlib.suppress(FileNotFoundError):
                part.chmod(path.stat().st_mode & 0o7777)
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sweep(folder: Path, stem: str) -> None:
    """Remove the parts of a file that nobody is writing any more."""
    left = re.compile(re.escape(stem) + r"[0-9a-f]{8}" + re.escape(_ENDING))
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if left.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _remove_left(entry.path)


def _remove_left(path: str) -> None:
    with contextlib.suppress(OSError), open(path, "rb") as file:  # noqa: PTH123
        if _lock(file.fileno()):
            os.unlink(path)  # noqa: PTH108


def _lock(handle: int) -> bool:
    """Hold the lock of a file as long as it is open; False where another process does, or the
    system has none."""
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
