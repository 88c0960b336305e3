"""Which files of a repository are read, and reading them: `scan`."""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from policylint import shipped
from policylint.invocations.model import Invocation
from policylint.invocations.source import Found, Source, read_source, readers
from policylint.meanwhile import Meanwhile
from policylint.patterns import pattern
from policylint.report import RuleFailure

_WORDS = ("helm", "argoproj", "fleet.cattle", "releases:", "ManagedChart")
"""A file without any of these (in any case) runs no Helm and declares no release."""
_WORD = pattern("|".join(map(re.escape, _WORDS)).encode(), re.IGNORECASE)
_HEAD = 8000
"""How much of a file is looked at for a zero byte, which makes it binary (as git does)."""


class Scan(Struct, frozen=True):
    """What a scan found, in order of files and lines; what it could not read is in `failures`."""

    invocations: tuple[Invocation, ...]
    failures: tuple[RuleFailure, ...] = ()
    files_read: int = 0


@functools.cache
def settings() -> Mapping[str, Any]:
    """data/scan.yaml: directories that are left out, and the largest file that is read."""
    found: Mapping[str, Any] = shipped.table("scan")
    return found


def scan(paths: Sequence[Path], root: Path, *, skip: Sequence[str] = ()) -> Scan:
    """Every way Helm is run in these files and directories; files are named relative to `root` where below it.

    `skip` are more patterns of directories to leave out. A path that does not exist is a failure.
    """
    invocations: list[Invocation] = []
    failures: list[RuleFailure] = []
    patterns = (*settings()["skip"], *skip)
    listings = [_list(each, patterns, _WORDS, failures) for each in paths]
    for path in _paths(paths, listings):
        data = _candidate(path, root, _WORD, failures)
        if data is None:
            continue
        for found in _read(_source(path, data, root), failures):
            if isinstance(found, Invocation):
                invocations.append(found)
            else:
                failures.append(found)
    invocations.sort(key=lambda found: (found.file, found.line, found.column))
    return Scan(tuple(invocations), tuple(failures), sum(listing.count for listing in listings))


def naming(
    word: str | Sequence[str], paths: Sequence[Path], root: Path, *, skip: Sequence[str] = ()
) -> Iterator[Source]:
    """The files below these paths that hold a word, or one of several, in any case; what cannot be read is left out."""
    patterns, words = (*settings()["skip"], *skip), [word] if isinstance(word, str) else list(word)
    pattern = re.compile(b"|".join(re.escape(each.encode()) for each in words), re.IGNORECASE)
    listings = [_list(each, patterns, words, []) for each in paths] if words else []
    for path in _paths(paths, listings) if words else ():
        data = _candidate(path, root, pattern, [])
        if data is not None:
            yield _source(path, data, root)


class _Listing(Struct, frozen=True):
    """The files of one path that may name helm ("" is the path itself), and how many files were looked through."""

    names: tuple[str, ...]
    count: int


def _paths(paths: Sequence[Path], listings: Sequence[_Listing]) -> Iterator[Path]:
    """Each file once, in order."""
    pairs = zip(paths, listings, strict=True)
    yield from dict.fromkeys(each / name if name else each for each, listing in pairs for name in listing.names)


def _list(path: Path, patterns: tuple[str, ...], wanted: Sequence[str], failures: list[RuleFailure]) -> _Listing:
    """The files of one path given: itself, or what git (or the file system) has below it."""
    if path.is_file():
        return _Listing(("",), 1)
    if not path.is_dir():
        failures.append(RuleFailure("scan", f"{path}: no such file or directory", "name a file or a directory"))
        return _Listing((), 0)
    words = [part for word in wanted for part in ("-e", word)]
    found = Meanwhile(partial(_git, path, "grep", "-lIiz", "--no-color", "--untracked", "-F", *words))
    listed = _git(path, "ls-files", "-co", "--exclude-standard", "-z")
    naming = found.result()
    if listed is None:
        kept = tuple(_from_disk(path, patterns))
        return _Listing(kept, len(kept))
    kept = tuple(name for name in sorted(listed) if not _skipped(name, patterns))
    return _Listing(kept if naming is None else tuple(name for name in kept if name in naming), len(kept))


def _git(path: Path, *arguments: str) -> frozenset[str] | None:
    """The file names that a git command prints, relative to `path`; None outside a work tree or without git.

    git is kept from running what the repository's own configuration names (a file system monitor).
    """
    command = ["git", "-C", str(path), "-c", "core.fsmonitor=false", "-c", "grep.fullName=false", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return None
    if done.returncode not in (0, 1) or done.stderr:
        return None
    return frozenset(os.fsdecode(name) for name in done.stdout.split(b"\0") if name)


def _from_disk(path: Path, patterns: Sequence[str]) -> Iterator[str]:
    for folder, folders, names in os.walk(path):
        inside = Path(folder).relative_to(path)
        folders[:] = sorted(each for each in folders if not _skipped(f"{(inside / each).as_posix()}/", patterns))
        yield from sorted((inside / name).as_posix() for name in names)


@functools.lru_cache(maxsize=4096)
def _folder_skipped(folder: str, patterns: tuple[str, ...]) -> bool:
    return _expression(patterns).search(f"/{folder}/") is not None


@functools.lru_cache(maxsize=8)
def _expression(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all patterns; a `*` stays within one directory name."""
    return re.compile("|".join(f"/{_step(pattern)}(?=/)" for pattern in patterns) or r"(?!)")


def _step(pattern: str) -> str:
    return re.sub(r"\\([*?])", lambda found: "[^/]*" if found[1] == "*" else "[^/]", re.escape(pattern.strip("/")))


def _skipped(name: str, patterns: Sequence[str]) -> bool:
    folder = name.rpartition("/")[0]
    return bool(folder) and _folder_skipped(folder, tuple(patterns))


def _candidate(path: Path, root: Path, word: re.Pattern[bytes], failures: list[RuleFailure]) -> bytes | None:
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
    if not word.search(data):
        return None
    if len(data) > settings()["largest"]:
        source = _source(path, data, root)
        if not any(reader.wants(source) for reader in readers()):
            return None
        message = f"{path}: larger than {settings()['largest']} bytes, not read"
        failures.append(RuleFailure("scan", message, "name smaller files, or leave the file out"))
        return None
    return data


def _source(path: Path, data: bytes, root: Path) -> Source:
    absolute, base = path.absolute(), root.absolute()
    name = absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else absolute.as_posix()
    try:
        return Source.of(name, data, base)
    except ValueError:
        return Source.of(name, data.decode("latin-1").encode("ascii", "replace"), base)


def _read(source: Source, failures: list[RuleFailure]) -> tuple[Found, ...]:
    try:
        return read_source(source)
    except RecursionError:
        failures.append(RuleFailure("scan", f"{source.file}: nested too deeply to be read", "simplify the file"))
        return ()
