"""Which files of a repository are read, and reading them: `scan`."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from policylint.errors import RuleFailure
from policylint.runtime.drafts import draft
from policylint.runtime.git import LFS_POINTER
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Invocation
from policylint.scan.invocations.reader import Reading
from policylint.scan.repository.listing import SPLIT, UTF_16, WORDS, Listing, listed, settings
from policylint.scan.repository.patches import Patch, patched, patches
from policylint.scan.repository.registry import read_source, readers_of
from policylint.scan.texts.source import Source

_WORD = pattern("|".join(map(re.escape, (*WORDS, *SPLIT))).encode(), re.IGNORECASE)
_HEAD = 8000
"""How much of a file is looked at for a zero byte, which makes it binary (as git does)."""
_SIZE = re.compile(rb"^size (\d{1,18})$", re.MULTILINE)
"""What a pointer of Git LFS says of its content."""
_NAMING_HELM = b"helm upgrade"
"""What a file is taken to hold that must not be opened."""
_REMEDY = "save it as UTF-8 without zero bytes, or leave it out (scan.ignore)"


class Scan(Struct, frozen=True):
    """What a scan found, in order of files and lines; what it could not read is in `failures`."""

    invocations: tuple[Invocation, ...]
    failures: tuple[RuleFailure, ...] = ()
    files_read: int = 0
    left_out: int = 0
    """Files that may run Helm and that the user's patterns leave out."""


def scan(paths: Sequence[Path], root: Path, *, skip: Sequence[str] = ()) -> Scan:
    """Every way Helm is run in these files and directories; files are named relative to `root`
    where below it.

    `skip` are more patterns of directories to leave out. A path that does not exist is a failure.
    """
    return scanned(listed(paths, skip), root)


def scanned(listings: Sequence[Listing], root: Path) -> Scan:
    """The same of files that are being listed."""
    invocations: list[Invocation] = []
    failures = [listing.failure for listing in listings if listing.failure]
    known: list[Patch] = []
    base = root.absolute()
    for path in _paths(listings):
        data = _candidate(path, base, _WORD, failures)
        if data is None:
            continue
        source = _source(path, data, base)
        known += patches(source)
        for reading in _read(source, failures):
            if isinstance(reading, Invocation):
                invocations.append(reading)
            else:
                failures.append(reading)
    invocations = _in_force(invocations, known)
    invocations.sort(key=lambda run: (run.file, run.line, run.column))
    failures.sort(key=lambda failure: failure.message)
    return Scan(
        tuple(invocations),
        tuple(failures),
        sum(listing.count() for listing in listings),
        sum(_may_run(path, base) for listing in listings for path in listing.left_out),
    )


def _in_force(invocations: list[Invocation], known: Sequence[Patch]) -> list[Invocation]:
    """The invocations with what the repository patches into them."""
    if known:
        return [patched(run, known) for run in invocations]
    return invocations


def naming(
    word: str | Sequence[str], paths: Sequence[Path], root: Path, *, skip: Sequence[str] = ()
) -> Iterator[Source]:
    """The files below these paths that hold a word, or one of several, in any case; what cannot be
    read is left out."""
    words = [word] if isinstance(word, str) else list(word)
    escaped = [re.escape(word.encode()) for word in words]
    wanted = re.compile(b"|".join(escaped), re.IGNORECASE)
    base = root.absolute()
    for path in sorted(_paths(listed(paths, skip, words))) if words else ():
        data = _candidate(path, base, wanted, [])
        if data is not None:
            yield _source(path, data, base)


def _paths(listings: Sequence[Listing]) -> Iterator[str]:
    """Each file once."""
    seen: set[str] = set()
    for path in (path for listing in listings for path in listing.paths()):
        if path not in seen:
            seen.add(path)
            yield path


def _candidate(
    path: str, root: Path, word: re.Pattern[bytes], failures: list[RuleFailure]
) -> bytes | None:
    """A file's bytes where they may hold what is looked for; None for any other file."""
    if _leads_out(path, root):
        _check_link(path, root, failures)
        return None
    data = _readable(path, failures)
    if data is None:
        return None
    if data.startswith(LFS_POINTER):
        _check_pointer(path, data, root, failures)
        return None
    if b"\0" in data[:_HEAD]:
        _check_unread(path, data, root, word, failures)
        return None
    if not word.search(data):
        return None
    if len(data) <= settings()["largest"]:
        return data
    if any(readers_of(_source(path, data, root))):
        message = f"{path}: larger than {settings()['largest']} bytes, not read"
        failures.append(RuleFailure("scan", message, "name smaller files, or leave the file out"))
    return None


def _readable(path: str, failures: list[RuleFailure]) -> bytes | None:
    """`_text`; what cannot be read is told, but for links to nowhere, which are common and hold
    nothing."""
    try:
        return _text(path)
    except OSError as error:
        if not Path(path).is_dir() and not Path(path).is_symlink():
            failures.append(
                RuleFailure("scan", f"{path}: {error.strerror}", "make the file readable")
            )
        return None


def _may_run(path: str, root: Path) -> bool:
    """Whether a file that is left out names helm, or cannot be read."""
    if _leads_out(path, root):
        return False
    try:
        return _WORD.search((_text(path) or b"").replace(b"\0", b"")) is not None
    except OSError:
        return True


def _check_unread(
    path: str, data: bytes, root: Path, word: re.Pattern[bytes], failures: list[RuleFailure]
) -> None:
    """Say that a file is not read which holds zero bytes, and what readers read, and a word."""
    is_utf_16 = data.startswith(UTF_16)
    bare = data.replace(b"\0", b"").removeprefix(UTF_16[0]).removeprefix(UTF_16[1])
    if word.search(bare) and any(readers_of(_source(path, bare, root))):
        why = "text in UTF-16" if is_utf_16 else "holds zero bytes"
        failures.append(RuleFailure("scan", f"{path}: {why}, not read", _REMEDY))


def _check_pointer(path: str, data: bytes, root: Path, failures: list[RuleFailure]) -> None:
    """Say that the content of a file is not here, where readers would read it."""
    size = _SIZE.search(data)
    if (
        size
        and int(size[1]) <= settings()["largest"]
        and any(readers_of(_source(path, data, root)))
    ):
        message = f"{path}: kept in Git LFS, and its content is not here"
        failures.append(RuleFailure("scan", message, "git lfs pull"))


def _leads_out(path: str, root: Path) -> bool:
    """Whether it is a link that leads outside the root."""
    return os.path.islink(path) and not Path(path).resolve().is_relative_to(root.resolve())  # noqa: PTH114


def _check_link(path: str, root: Path, failures: list[RuleFailure]) -> None:
    """Say that a file is not read which is a link to one outside, where readers would read it; a
    link to nowhere holds nothing."""
    if Path(path).is_file() and any(readers_of(_source(path, _NAMING_HELM, root))):
        message = f"{path}: a link that leads outside of {root.name or root}, not read"
        failures.append(RuleFailure("scan", message, "put the file itself in its place"))


def _text(path: str) -> bytes | None:
    """A file's bytes, one more than the most that is read, of what is binary the beginning; None
    for what is no file (a pipe, a device). Raises OSError where it cannot be read."""
    content = draft(path)
    if content is not None:
        return content[: settings()["largest"] + 1]
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        head = file.read(_HEAD)
        if len(head) < _HEAD:
            return head
        return head + file.read(settings()["largest"] + 1 - len(head))


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to is opened at once too."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _source(path: str, data: bytes, root: Path) -> Source:
    """The source of a file, by its name relative to `root` where it is below."""
    name = path.removeprefix(f"{root.as_posix().rstrip('/')}/")
    try:
        return Source.of(name, data, root)
    except ValueError:
        return Source.of(name, data.decode("latin-1").encode("ascii", "replace"), root)


def _read(source: Source, failures: list[RuleFailure]) -> tuple[Reading, ...]:
    try:
        return read_source(source)
    except RecursionError:
        failures.append(
            RuleFailure("scan", f"{source.file}: nested too deeply to be read", "simplify the file")
        )
        return ()
