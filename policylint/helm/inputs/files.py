"""Text of files and streams that the user named."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from policylint.errors import ReadError
from policylint.runtime.git import LFS_POINTER, checkout_top

_TYPED = 1 << 24
"""Bytes that are read of a device."""


def is_stream(path: str | Path) -> bool:
    """Whether a path is a pipe, as `<(command)` of a shell makes one: it can be read once, and by
    this process only."""
    try:
        return stat.S_ISFIFO(Path(path).stat().st_mode)
    except OSError:
        return False


def read_text(path: Path) -> str:
    """A file's text; raises ReadError where it is not there, not readable or not UTF-8, or where
    Git LFS has left a pointer in its place."""
    try:
        content = _content(path)
        if content.startswith(LFS_POINTER):
            message = "kept in Git LFS, and its content is not here"
            raise ReadError(message, file=str(path), remedy="git lfs pull")
        return text_of(content, str(path))
    except OSError as error:
        raise ReadError(
            f"cannot be read: {error.strerror or error}",
            file=str(path),
            remedy="check the path and its permissions",
        ) from error


def _content(path: Path) -> bytes:
    """A file's bytes; of a device (a terminal, `/dev/null`) no more than a person may type, as
    `/dev/zero` never ends. A pipe that a checkout leads to is not waited for."""
    if is_stream(path) and checkout_top(path.parent):
        raise OSError(errno.EINVAL, "a pipe", str(path))
    with path.open("rb") as file:
        if not stat.S_ISCHR(os.fstat(file.fileno()).st_mode):
            return file.read()
        content = file.read(_TYPED + 1)
    if len(content) > _TYPED:
        raise OSError(errno.EFBIG, "a device that does not end", str(path))
    return content


def text_of(content: bytes, file: str) -> str:
    """UTF-8 with or without a byte order mark, as text; raises ReadError with the line
    otherwise."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ReadError(
            f"not UTF-8 text (byte 0x{content[error.start]:02x})",
            file=file,
            line=line,
            remedy="save it as UTF-8",
        ) from error
