"""Manifests as sides: a file, a directory, or standard input."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from policylint.errors import ReadError, SourceError
from policylint.helm.inputs.files import read_text, text_of
from policylint.helm.inputs.sides import ManifestSide

SUFFIXES = (".yaml", ".yml", ".json")


def from_file(path: Path, label: str = "") -> ManifestSide:
    """One manifest file; raises ReadError where it cannot be read as text."""
    return ManifestSide(((str(path), read_text(path)),), label=label or str(path))


def from_directory(path: Path, label: str = "") -> ManifestSide:
    """Every `*.yaml`, `*.yml` and `*.json` below a directory, by name; raises SourceError where
    there is none."""
    files = sorted(_below(path, frozenset()))
    if not files:
        raise SourceError(
            f"{label or path} holds neither a Chart.yaml nor a manifest (*.yaml, *.yml, *.json)",
            remedy="check the path",
        )
    return ManifestSide(
        tuple((str(file), read_text(file)) for file in files), label=label or str(path)
    )


def from_stdin() -> ManifestSide:
    """What comes in by standard input."""
    return ManifestSide((("-", text_of(_whole(sys.stdin.buffer), "-")),), label="standard input")


@functools.cache
def _whole(stream: BinaryIO) -> bytes:
    """All of a stream, which can be read but once, while several releases may share what it
    says."""
    return stream.read()


def _below(directory: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
    """The manifest files below a directory; hidden ones are left out, a link back up is an
    error."""
    try:
        status = directory.stat()
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError as error:
        raise ReadError(
            f"cannot be read: {error.strerror}", file=str(directory), remedy="check its permissions"
        ) from error
    here = (status.st_dev, status.st_ino)
    if status.st_ino and here in above:
        raise SourceError(
            f"{directory} is a symbolic link to a directory above it", remedy="remove the link"
        )
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        if entry.is_dir():
            yield from _below(path, above | {here})
        elif entry.name.endswith(SUFFIXES):
            yield path
