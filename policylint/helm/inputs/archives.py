"""The files of a packed chart, read as a stream and never written to disk.

What Helm refuses is refused here (chart/loader: 100 MiB a chart, 5 MiB a file, no absolute path,
no `..`), and so is what it cannot mean: links, devices, headers that name every file. Go's
archive/tar takes no special header above 1 MiB (maxSpecialFileSize); no packed chart needs one
above 64 KiB.
"""

from __future__ import annotations

import functools
import io
import posixpath
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from policylint.errors import ReadError
from policylint.runtime.git import LFS_POINTER
from policylint.runtime.patterns import pattern

if TYPE_CHECKING:
    import gzip
    import tarfile

MAX_CHART = 100 * 1024 * 1024
MAX_FILE = 5 * 1024 * 1024
MAX_FILES = 20_000
_MAX_HEADER = 64 * 1024
_MAX_STREAM = MAX_CHART + MAX_CHART // 4
"""Bytes with headers and padding."""
_BOM = b"\xef\xbb\xbf"
_DRIVE = pattern(r"[a-zA-Z]:/")


class DamagedError(ReadError):
    """What is no archive, or not the whole of one."""


def packed_files(source: Path | bytes, shown: str) -> Iterator[tuple[str, bytes]]:
    """(path below the archive's top folder, content) of each file of a gzipped tar.

    Raises `ReadError`, which calls the archive `shown`, where it holds what Helm would not load,
    and `DamagedError` where it is none; a bomb costs no more than a large chart. Raises OSError for
    a file that cannot be opened.
    """
    if isinstance(source, bytes):
        opened: BinaryIO = io.BytesIO(source)
    else:
        opened = source.open("rb")
    with opened:
        head = opened.read(len(LFS_POINTER))
        if head == LFS_POINTER:
            message = "kept in Git LFS, and its content is not here"
            raise DamagedError(message, file=shown, remedy="git lfs pull")
        if not head.startswith(b"\x1f\x8b"):
            remedy = "name a chart directory or a .tgz made by helm package"
            raise DamagedError("not a chart archive (no gzip header)", file=shown, remedy=remedy)
        opened.seek(0)
        yield from _files(opened, shown)


def _files(opened: BinaryIO, shown: str) -> Iterator[tuple[str, bytes]]:
    import gzip
    import tarfile  # few charts are packed, and it brings four ways to compress

    try:
        with (
            gzip.GzipFile(fileobj=opened) as unpacked,
            tarfile.open(fileobj=_bounded(unpacked), mode="r|", tarinfo=_entry_type()) as archive,
        ):
            yield from _members(archive, shown)
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError) as error:
        raise DamagedError(
            f"damaged archive: {error}", file=shown, remedy="package or download the chart again"
        ) from None


class _Bounded:
    """What is unpacked, up to a limit."""

    def __init__(self, unpacked: gzip.GzipFile) -> None:
        self._unpacked = unpacked
        self._left = _MAX_STREAM

    def read(self, size: int) -> bytes:
        """The next bytes; raises OSError behind the limit."""
        if self._left <= 0:
            raise OSError("it unpacks to more than Helm takes for a chart")
        content = self._unpacked.read(min(size, self._left))
        self._left -= len(content)
        return content


def _bounded(unpacked: gzip.GzipFile) -> Any:
    return _Bounded(unpacked)  # a stream of tarfile's is asked for read() alone


@functools.cache
def _entry_type() -> type[tarfile.TarInfo]:
    """Entries whose special headers are bounded: a long name or a PAX header is read as a whole."""
    import tarfile

    special = {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }

    class Entry(tarfile.TarInfo):
        # the documented way to treat types of members: "This method can be overridden"
        def _proc_member(self, archive: tarfile.TarFile) -> Any:
            if self.type in special and self.size > _MAX_HEADER:
                raise tarfile.ReadError("a header is too long")
            return super()._proc_member(archive)  # type: ignore[misc]

    return Entry


def _members(archive: tarfile.TarFile, shown: str) -> Iterator[tuple[str, bytes]]:
    left = MAX_CHART
    for count, member in enumerate(archive):
        if not archive.pax_headers.keys() <= {"comment"}:
            raise _refusal(shown, "has headers that hold for all of its files")
        left -= member.size
        if left < 0 or count >= MAX_FILES:
            raise _refusal(shown, "unpacks to more than Helm takes for a chart")
        if member.isdir():
            continue
        name = _inside(member.name, shown)
        _refuse_odd(member, shown)
        stream = archive.extractfile(member)
        yield name, (stream.read() if stream else b"").removeprefix(_BOM)


def _refuse_odd(member: tarfile.TarInfo, shown: str) -> None:
    if not member.isreg():
        raise _refusal(shown, f"holds {member.name!r}, which is a link or a device")
    if member.size > MAX_FILE:
        raise _refusal(shown, f"holds {member.name!r}, larger than {MAX_FILE} bytes")


def _inside(name: str, shown: str) -> str:
    """The path below the archive's top folder."""
    slashed = name.replace("\\", "/")
    inner = slashed.partition("/")[2]
    clean = posixpath.normpath(inner) if inner else "."
    leads_out = slashed.startswith("/") or inner.startswith("/") or ".." in slashed.split("/")
    if leads_out or clean == "." or _DRIVE.match(clean):
        raise _refusal(shown, f"holds {name!r}, a path that leads out of it")
    return clean


def _refusal(shown: str, what: str) -> ReadError:
    return ReadError(what, file=shown, remedy="do not use this chart, or package it again")
