"""Which files of a repository are read, and reading them: `scan`."""

from __future__ import annotations

import functools
import os
import pkgutil
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from policylint.invocations.model import Invocation
from policylint.invocations.source import Found, Source, read_source
from policylint.kyaml import load
from policylint.model import RuleFailure

_WORD = re.compile(rb"helm|fleet\.cattle|argoproj|\.toolkit\.fluxcd", re.IGNORECASE)
_HEAD = 8000
"""How much of a file is looked at for a zero byte, which makes it binary (as git does)."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found, in order of files and lines; what it could not read is in `failures`."""

    invocations: tuple[Invocation, ...]
    failures: tuple[RuleFailure, ...] = ()
    files_read: int = 0


@functools.cache
def settings() -> Mapping[str, Any]:
    """data/scan.yaml: directories that are left out, and the largest file that is read."""
    found: Mapping[str, Any] = load((pkgutil.get_data("policylint", "data/scan.yaml") or b"").decode(), "scan.yaml")
    return found


def scan(paths: Sequence[Path], root: Path, *, skip: Sequence[str] = ()) -> Scan:
    """Every way Helm is run in these files and directories; files are named relative to `root` where below it.

    `skip` are more patterns of directories to leave out. A path that does not exist is a failure.
    """
    invocations: list[Invocation] = []
    failures: list[RuleFailure] = []
    count = 0
    patterns = (*settings()["skip"], *skip)
    for path in dict.fromkeys(file for each in paths for file in _files(each, patterns, failures)):
        data = _candidate(path, root, failures)
        count += 1
        if data is None:
            continue
        for found in _read(path, data, root, failures):
            (invocations if isinstance(found, Invocation) else failures).append(found)  # type: ignore[arg-type]
    invocations.sort(key=lambda found: (found.file, found.line, found.column))
    return Scan(tuple(invocations), tuple(failures), count)


def _files(path: Path, patterns: Sequence[str], failures: list[RuleFailure]) -> Iterator[Path]:
    """The files of one path given: itself, or what git (or the file system) has below it."""
    if path.is_file():
        yield path
    elif path.is_dir():
        listed = _from_git(path)
        names = listed if listed is not None else _from_disk(path, patterns)
        for name in names:
            if not _skipped(name, patterns):
                yield path / name
    else:
        failures.append(RuleFailure("scan", f"{path}: no such file or directory", "name a file or a directory"))


def _from_git(path: Path) -> list[str] | None:
    """Tracked and untracked files that are not ignored, sorted; None outside a git work tree."""
    command = ["git", "-C", str(path), "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return sorted({os.fsdecode(name) for name in done.stdout.split(b"\0") if name})


def _from_disk(path: Path, patterns: Sequence[str]) -> Iterator[str]:
    for folder, folders, names in os.walk(path):
        inside = Path(folder).relative_to(path)
        folders[:] = sorted(each for each in folders if not _skipped(f"{(inside / each).as_posix()}/", patterns))
        yield from sorted((inside / name).as_posix() for name in names)


@functools.lru_cache(maxsize=4096)
def _folder_skipped(folder: str, patterns: tuple[str, ...]) -> bool:
    parts = folder.split("/")
    for pattern in patterns:
        steps = pattern.split("/")
        for start in range(len(parts) - len(steps) + 1):
            if all(fnmatch(part, step) for part, step in zip(parts[start:], steps, strict=False)):
                return True
    return False


def _skipped(name: str, patterns: Sequence[str]) -> bool:
    folder = name.rpartition("/")[0]
    return bool(folder) and _folder_skipped(folder, tuple(patterns))


def _candidate(path: Path, root: Path, failures: list[RuleFailure]) -> bytes | None:
    """A file's bytes where they may hold what is looked for; None for any other file."""
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            return None
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if b"\0" in head:
                return None
            data = head + file.read(settings()["largest"] + 1 - len(head)) if len(head) == _HEAD else head
    except OSError as error:
        if not path.is_dir() and not path.is_symlink():  # links to nowhere are common and hold nothing
            failures.append(RuleFailure("scan", f"{path}: {error.strerror}", "make the file readable"))
        return None
    if not _WORD.search(data):
        return None
    if len(data) > settings()["largest"]:
        message = f"{path}: larger than {settings()['largest']} bytes, not read"
        failures.append(RuleFailure("scan", message, "name smaller files, or leave the file out"))
        return None
    return data


def _read(path: Path, data: bytes, root: Path, failures: list[RuleFailure]) -> tuple[Found, ...]:
    absolute, base = path.absolute(), root.absolute()
    name = absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else absolute.as_posix()
    try:
        source = Source.of(name, data, base)
    except ValueError:
        source = Source.of(name, data.decode("latin-1").encode("ascii", "replace"), base)
    try:
        return read_source(source)
    except RecursionError:
        failures.append(RuleFailure("scan", f"{name}: nested too deeply to be read", "simplify the file"))
        return ()
