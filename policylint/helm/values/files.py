"""The files of a chart, read safely: from a directory under its .helmignore, or from a .tgz
archive.

Limits and refusals are Helm's own (chart/loader: 100 MiB a chart, 5 MiB a file, no absolute path,
no `..`); nothing is ever written to disk.
"""

from __future__ import annotations

import base64
import binascii
import io
import os
import posixpath
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from policylint.errors import ReadError
from policylint.helm.values.helmignore import Ignore
from policylint.runtime.patterns import pattern

if TYPE_CHECKING:
    import tarfile

MAX_CHART = 100 * 1024 * 1024
MAX_FILE = 5 * 1024 * 1024
MAX_FILES = 20_000
MAX_DEPTH = 20
_BOM = b"\xef\xbb\xbf"
_DRIVE = pattern(r"[a-zA-Z]:/")


def from_directory(top: Path, below: str = "") -> dict[str, bytes]:
    """The files of a chart directory by path; raises `ReadError` for what Helm would not load.

    With `below`, a folder of it such as "crds/", only the files there.
    """
    files: dict[str, bytes] = {}
    total = 0
    for name, entry in _walk(top, below):
        size = entry.stat().st_size
        total += size
        if size > MAX_FILE:
            raise ReadError(
                f"larger than {MAX_FILE} bytes", file=entry.path, remedy="list it in .helmignore"
            )
        if total > MAX_CHART or len(files) >= MAX_FILES:
            raise ReadError(
                "the chart is too large",
                file=str(top),
                remedy="list what it need not hold in .helmignore",
            )
        with open(entry, "rb") as file:  # noqa: PTH123  a chart may have thousands of files
            files[name] = file.read().removeprefix(_BOM)
    return files


def _walk(top: Path, below: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    ignore = Ignore.of(top)
    pending: list[tuple[str, str, tuple[str, ...]]] = []
    if not (below and ignore.matches(below.rstrip("/"), True)):
        pending.append((below, str(top / below), ()))
    while pending:
        prefix, folder, parents = pending.pop()
        real = os.path.realpath(folder)
        if real in parents:  # a link back to one of them
            continue
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name, reverse=True)
        for entry in listed:
            name = prefix + entry.name
            if ignore.matches(name, entry.is_dir()):
                continue
            if entry.is_dir():
                pending.append((f"{name}/", entry.path, (*parents, real)))
            elif not entry.is_file():
                raise ReadError(
                    "not a regular file",
                    file=entry.path,
                    remedy="remove it, or list it in .helmignore",
                )
            else:
                yield name, entry


def from_archive(path: Path, shown: str = "") -> dict[str, bytes]:
    """The files of a packaged chart by path; raises `ReadError` for a file that is none, which
    calls it `shown`."""
    shown = shown or str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReadError(
            f"cannot be read: {error.strerror}", file=shown, remedy="check the path"
        ) from None
    return unpack(data, shown)


def unpack(data: bytes, file: str) -> dict[str, bytes]:
    """The files of a gzipped tar in memory; bounded, so that a bomb costs no more than a large
    chart."""
    if data[:2] != b"\x1f\x8b":
        remedy = "name a chart directory or a .tgz made by helm package"
        raise ReadError("not a chart archive (no gzip header)", file=file, remedy=remedy)
    import gzip
    import tarfile

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            plain = stream.read(2 * MAX_CHART + 1)
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            return _members(archive, file)
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError) as error:
        raise ReadError(
            f"damaged archive: {error}", file=file, remedy="package or download the chart again"
        ) from None


def _members(archive: tarfile.TarFile, file: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    left = MAX_CHART
    for member in archive:
        if member.isdir():
            continue
        name = _inside(member.name, file)
        if not member.isreg():
            raise ReadError(
                f"{member.name} is no regular file", file=file, remedy="package the chart again"
            )
        left -= member.size
        if member.size > MAX_FILE or left < 0 or len(files) >= MAX_FILES:
            raise ReadError(
                f"{member.name}: the chart is too large",
                file=file,
                remedy="use .helmignore, package again",
            )
        stream = archive.extractfile(member)
        files[name] = (stream.read() if stream else b"").removeprefix(_BOM)
    return files


def _inside(name: str, file: str) -> str:
    """The path below the archive's top folder."""
    slashed = name.replace("\\", "/")
    inner = slashed.partition("/")[2]
    clean = posixpath.normpath(inner) if inner else ""
    if (
        not clean
        or clean == "."
        or clean.startswith(("/", ".."))
        or slashed.startswith("/")
        or _DRIVE.match(clean)
    ):
        raise ReadError(
            f"unsafe path {name!r} in the archive", file=file, remedy="do not use this chart"
        )
    return clean


def decoded(text: str) -> bytes:
    """The bytes of a base64 text of a release record; empty where it is none."""
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""
