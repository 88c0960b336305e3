"""Files that this user alone keeps from run to run, believed only where they are whole.

A file is believed where it is this user's, no link, and holds what its own first line says; in a
directory that nobody else may enter. All others count as not there. Whoever may write such a file
could have written anything in it: it tells damage, not a forger who works as this very user.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
import zlib
from pathlib import Path
from types import TracebackType

_MARK = b"policylint-kept/1 "
_MOST_FILE = 64 * 1024 * 1024
"""Bytes that one file may unpack to."""
_NEW = "new"
"""The directory in which files are written before they get their names."""
_TOUCHED = 24 * 3600.0
"""Seconds in which a file counts as used without being marked so again."""
_KEEP = 0.8
"""The share of the bound that is left when files are removed."""


class OwnFiles:
    """The files of one directory, by name; `most` is how many bytes they may take together.

    Use it in a `with` block; `is_open` is False where there is no such directory that can be
    believed, and then nothing is there and nothing is kept.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._handle = -1
        self._new = -1
        self._kept = 0

    @property
    def is_open(self) -> bool:
        """Whether files can be kept here."""
        return self._handle >= 0

    def __enter__(self) -> OwnFiles:
        if os.name == "posix":  # nothing tells elsewhere whose a file is
            with contextlib.suppress(OSError):
                self._open()
        return self

    def _open(self) -> None:
        handle = _opened(self._folder)
        try:
            self._new = _opened(self._folder / _NEW)
        except OSError:
            os.close(handle)
            raise
        self._handle = handle
        self._sweep()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handle < 0:
            return
        if self._kept:
            with contextlib.suppress(OSError):
                self._bound()
        os.close(self._handle)
        os.close(self._new)
        self._handle = self._new = -1

    def get(self, name: str) -> bytes | None:
        """What a file holds; None where it is not there, or not to be believed."""
        if self._handle < 0:
            return None
        try:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._handle)
        except OSError:
            return None
        status = os.fstat(handle)
        if not _is_own_file(status) or status.st_size > _MOST_FILE:
            os.close(handle)
            return None
        with open(handle, "rb") as file:  # noqa: PTH123  a descriptor
            content = _unpacked(name, file.read())
        if content is not None and time.time() - status.st_mtime > _TOUCHED:
            with contextlib.suppress(OSError):
                os.utime(name, dir_fd=self._handle, follow_symlinks=False)
        return content

    def keep(self, name: str, content: bytes) -> None:
        """Keep a file, whole or not at all; where nothing can be written, nothing is kept."""
        if self._handle < 0 or len(content) > _MOST_FILE:
            return
        part = f"{name}.{os.urandom(4).hex()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        try:
            handle = os.open(part, flags, 0o600, dir_fd=self._new)
        except OSError:
            return
        try:
            with open(handle, "wb") as file:  # noqa: PTH123  a descriptor
                _lock(handle)
                file.write(_packed(name, content))
                file.flush()
                os.rename(part, name, src_dir_fd=self._new, dst_dir_fd=self._handle)
            self._kept += 1
        except OSError:  # a full disk
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=self._new)

    def clear(self) -> int:
        """Remove every file; how many there were."""
        rows = self._rows()
        for _, _, name in rows:
            self._remove(name)
        return len(rows)

    def size(self) -> tuple[int, int]:
        """(files, their bytes)."""
        rows = self._rows()
        return len(rows), sum(size for _, size, _ in rows)

    def _sweep(self) -> None:
        """Remove what runs that were killed were writing: nobody holds its lock."""
        for name in os.listdir(self._new):  # noqa: PTH208  a descriptor
            with contextlib.suppress(OSError):
                handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self._new)
                try:
                    _lock(handle)
                    os.unlink(name, dir_fd=self._new)
                finally:
                    os.close(handle)

    def _bound(self) -> None:
        """Remove what was not used for longest, where there is too much."""
        rows = self._rows()
        total = sum(size for _, size, _ in rows)
        if total <= self._most:
            return
        for _, size, name in sorted(rows):
            if total > self._most * _KEEP:
                self._remove(name)
                total -= size

    def _rows(self) -> list[tuple[float, int, str]]:
        """(when it was last used, bytes, name) of each file."""
        if self._handle < 0:
            return []
        rows = []
        with os.scandir(self._handle) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # another run has removed it
                    status = entry.stat(follow_symlinks=False)
                    if not entry.is_dir(follow_symlinks=False):
                        rows.append((status.st_mtime, status.st_size, entry.name))
        return rows

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._handle)


def _opened(folder: Path) -> int:
    """A descriptor of a directory of this user alone, made where it is not there. Raises OSError
    for any other."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    status = os.fstat(handle)
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        os.close(handle)
        raise PermissionError(f"{folder} is not this user's alone")
    return handle


def _lock(handle: int) -> None:
    """Hold the lock of a file as long as it is open; raises OSError where another process does."""
    import fcntl

    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_own_file(status: os.stat_result) -> bool:
    is_alone = status.st_nlink == 1 and not stat.S_IMODE(status.st_mode) & 0o022
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and is_alone


def _packed(name: str, content: bytes) -> bytes:
    body = zlib.compress(content, 1)
    return _MARK + _digest(name, body) + b"\n" + body


def _unpacked(name: str, packed: bytes) -> bytes | None:
    """The content of a file; None where it is not what was written under this name."""
    head, _, body = packed.partition(b"\n")
    if head != _MARK + _digest(name, body):
        return None
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(body, _MOST_FILE)
    except zlib.error:
        return None
    if unpacker.eof:
        return content
    return None


def _digest(name: str, body: bytes) -> bytes:
    from hashlib import blake2b

    return blake2b(name.encode() + b"\0" + body, digest_size=32).hexdigest().encode()
