"""Which files of a repository are looked at: git lists those that may name helm while everything
else is loaded."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from policylint.errors import RuleFailure
from policylint.kyaml.tables import table
from policylint.runtime import linear
from policylint.runtime.background import Meanwhile
from policylint.runtime.git import LFS_POINTER, checkout_top, git_command, git_environment
from policylint.runtime.outputs import nameless, written
from policylint.scan.declarations.groups import api_groups

WORDS = ("helm", "releases:", *(group for group in api_groups() if "helm" not in group))
"""A file without any of these (in any case) runs no Helm and declares no release."""
SPLIT = tuple(
    f"{before}{marks}{after}"
    for before, after in ("he", "el", "lm")
    for marks in ('"', "'", "\\", '""', "''")
)
"""How a shell is told helm in pieces: h"e"lm, hel\\m, he''lm."""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""What a file in UTF-16 begins with: no word is found in it as it stands."""
_FEW = 300
"""Files that git does not track and that are opened without asking git which of them hold a
word."""
_MOST = 1 << 16
"""Bytes of names that are taken from git at once."""


@cache
def settings() -> Mapping[str, Any]:
    """data/scan.yaml: directories that are left out, and the largest file that is read."""
    rows: Mapping[str, Any] = table("scan")
    return rows


def listed(
    paths: Sequence[Path], skip: Sequence[str] = (), words: Sequence[str] = WORDS
) -> list[Listing]:
    """The files below these paths that hold one of the words; `skip` are patterns of directories
    and files that the user leaves out."""
    return [Listing(path, tuple(settings()["skip"]), words, tuple(skip)) for path in paths]


class Listing:
    """The files of one path that hold one of some words, in any case, from now on under way.

    A directory's files are those that git knows or would add; outside a work tree, or without git,
    all of them. `patterns` are directories that are left out. A path that is not there is a
    failure.
    """

    def __init__(
        self,
        path: Path,
        patterns: tuple[str, ...],
        words: Sequence[str],
        ignored: tuple[str, ...] = (),
    ) -> None:
        self._path = path
        self._patterns = patterns
        self._ignored = _ignoring(ignored)
        self.left_out: list[str] = []
        """Files that `ignored` leaves out; to be asked after the files were taken."""
        self._search = (
            "grep",
            # every file as text: an attribute of the repository may call any file binary
            "-laiz",
            "--no-color",
            "-F",
            *(part for word in words for part in ("-e", word)),
            *(part for mark in UTF_16 for part in ("-e", os.fsdecode(mark))),
            *("-e", LFS_POINTER.decode().strip()),
            *(part for word in SPLIT for part in ("-e", word) if "helm" in words),
        )
        self._grep: subprocess.Popen[bytes] | None = None
        self._count: int | None = None
        self._is_folder = path.is_dir()
        if self._is_folder:
            self._grep = _start(path, *self._search)
            self._untracked = _Printing(path, "ls-files", "-o", "--exclude-standard", "-z")
            self._tracked = _Printing(path, "ls-files", "-z")

    @property
    def failure(self) -> RuleFailure | None:
        """That there is no such path."""
        if self._is_folder or self._path.is_file():
            return None
        return RuleFailure(
            "scan", f"{self._path}: no such file or directory", "name a file or a directory"
        )

    def paths(self) -> Iterator[str]:
        """The files, those that may hold a word as git finds them; the path itself where it is a
        file.

        In full and with slashes: there may be thousands of them.
        """
        folder = self._path.absolute().as_posix()
        if not self._is_folder:
            yield from (folder,) if self._path.is_file() else ()
            return
        for name in self._names():
            if self._ignored and _is_ignored(self._ignored, name):
                self.left_out.append(f"{folder}/{name}")
            else:
                yield f"{folder}/{name}"

    def _names(self) -> Iterator[str]:
        printed = set()
        for name in self._naming():
            printed.add(name)
            if not _skipped(name, self._patterns):
                yield name
        yield from (name for name in self._rest() if name not in printed)

    def _rest(self) -> list[str]:
        """The files that git grep did not look through: those it does not track, or all of them."""
        untracked = self._untracked.result
        if self._grep is not None:
            return list(_kept(self._looked_through(untracked or b""), self._patterns))
        tracked = self._tracked.result
        if untracked is None or tracked is None:
            rest = list(_from_disk(self._path, self._patterns))
        else:
            rest = list(_kept(untracked + tracked, self._patterns))
        self._count = len(rest)
        return rest

    def count(self) -> int:
        """How many files were looked through; to be asked after they were taken."""
        if self._count is None:
            self._count = self._counted()
        return self._count

    def _counted(self) -> int:
        if not self._is_folder:
            return int(self._path.is_file())
        names = (self._untracked.result or b"") + (self._tracked.result or b"")
        return _count(names, self._patterns)

    def _looked_through(self, names: bytes) -> bytes:
        """Of the files that git does not track, those that may hold a word: all of a few, else as
        git finds them."""
        if names.count(b"\0") <= _FEW:
            return names
        matching = _Printing(self._path, *self._search, "--untracked").result
        if matching is None:
            return names
        return matching

    def _naming(self) -> Iterator[str]:
        """The names that git prints; afterwards there is no `_grep` where git could not look
        through all files."""
        grep = self._grep
        if grep is None or grep.stdout is None or grep.stderr is None:
            return
        complaint = Meanwhile(grep.stderr.read)
        rest = b""
        while data := os.read(grep.stdout.fileno(), _MOST):
            *names, rest = (rest + data).split(b"\0")
            yield from map(os.fsdecode, names)
        grep.stdout.close()
        if grep.wait() not in (0, 1) or complaint.result():
            self._grep = None


def _command(path: Path, arguments: Sequence[str]) -> list[str]:
    """A git command in a directory."""
    return git_command("-C", str(path), *arguments)


def _start(path: Path, *arguments: str) -> subprocess.Popen[bytes] | None:
    try:
        return subprocess.Popen(
            _command(path, arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=git_environment(checkout_top(path)),
        )
    except OSError:
        return None


class _Printing:
    """What a git command prints, from now on under way."""

    def __init__(self, path: Path, *arguments: str) -> None:
        self._out, self._err = nameless(), nameless()
        self._process: subprocess.Popen[bytes] | None = None
        with suppress(OSError):
            self._process = subprocess.Popen(
                _command(path, arguments),
                stdout=self._out,
                stderr=self._err,
                env=git_environment(checkout_top(path)),
            )

    @cached_property
    def result(self) -> bytes | None:
        """All of it; None outside a work tree or without git."""
        code = self._process.wait() if self._process else -1
        printed, complaint = written(self._out), written(self._err)
        if code not in (0, 1) or complaint:
            return None
        return printed


def _kept(names: bytes, patterns: tuple[str, ...]) -> Iterator[str]:
    """The names that a git command printed, sorted, less those in directories that are left out."""
    decoded = sorted(os.fsdecode(name) for name in names.split(b"\0") if name)
    yield from (name for name in decoded if not _skipped(name, patterns))


def _count(names: bytes, patterns: tuple[str, ...]) -> int:
    """How many of the names that git printed are kept; looked at one by one only where one may be
    left out."""
    parts = (max(re.split(r"[*?]", pattern.strip("/")), key=len) for pattern in patterns)
    hidden = names.startswith(b".") or b"/." in names or b"\0." in names
    if any(os.fsencode(part) in names for part in parts if hidden or not part.startswith(".")):
        return sum(1 for _ in _kept(names, patterns))
    return names.count(b"\0")


def _from_disk(path: Path, patterns: tuple[str, ...]) -> Iterator[str]:
    for folder, folders, names in os.walk(path):
        inside = Path(folder).relative_to(path)
        folders[:] = sorted(
            name for name in folders if not _skipped(f"{(inside / name).as_posix()}/", patterns)
        )
        yield from sorted((inside / name).as_posix() for name in names)


def _skipped(name: str, patterns: tuple[str, ...]) -> bool:
    folder = name.rpartition("/")[0]
    return bool(folder) and _folder_skipped(folder, patterns)


@lru_cache(maxsize=4096)
def _folder_skipped(folder: str, patterns: tuple[str, ...]) -> bool:
    return _expression(patterns).search(f"/{folder}/") is not None


@cache
def _expression(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all patterns; a `*` stays within one directory name."""
    return re.compile("|".join(f"/{_step(pattern)}(?=/)" for pattern in patterns) or r"(?!)")


@cache
def _ignoring(patterns: tuple[str, ...]) -> str:
    """One expression for the user's patterns, of `/` and a file's name: a file, or a directory
    above it. A `*` stays within one name, a `**` does not."""
    return "|".join(f"/{_path(pattern)}(?:/|$)" for pattern in patterns)


def _is_ignored(expression: str, name: str) -> bool:
    """Not by Python's `re`, which dozens of stars take for ever; what cannot be told is none."""
    path = "/" + os.fsencode(name).decode(errors="replace")
    return bool(linear.search(expression, path))


_PIECE = re.compile(r"\*\*/?|\*|\?|[^*?]+")
_WILD = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _path(pattern: str) -> str:
    pieces = _PIECE.findall(pattern.removeprefix("./").strip("/"))
    return "".join(_WILD.get(piece) or re.escape(piece) for piece in pieces)


def _step(pattern: str) -> str:
    return re.sub(
        r"\\([*?])",
        lambda match: "[^/]*" if match[1] == "*" else "[^/]",
        re.escape(pattern.strip("/")),
    )
