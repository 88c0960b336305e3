"""The files of a chart, read safely: from a directory under its .helmignore, or from a .tgz
archive.

Limits and refusals are Helm's own (chart/loader: 100 MiB a chart, 5 MiB a file, no absolute path,
no `..`); nothing is ever written to disk.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator
from pathlib import Path

from policylint.errors import ReadError
from policylint.helm.inputs.archives import MAX_CHART, MAX_FILE, MAX_FILES, packed_files
from policylint.helm.inputs.links import MAX_WAYS, Ways
from policylint.helm.values.helmignore import Ignore

MAX_DEPTH = 20
_BOM = b"\xef\xbb\xbf"


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
    ways = Ways()
    if not (below and ignore.matches(below.rstrip("/"), True)):
        pending.append((below, str(top / below), ()))
    while pending:
        prefix, folder, parents = pending.pop()
        real = os.path.realpath(folder)
        if real in parents:  # a link back to one of them
            continue
        _enter(folder, ways)
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


def _enter(folder: str, ways: Ways) -> None:
    if not ways.enter(folder):
        raise ReadError(
            f"reached in more than {MAX_WAYS} ways, by links",
            file=os.path.realpath(folder),
            remedy="remove them, or list them in .helmignore",
        )


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
    return dict(packed_files(data, file))


def decoded(text: str) -> bytes:
    """The bytes of a base64 text of a release record; empty where it is none."""
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""
