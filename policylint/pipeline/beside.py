"""Waivers in comments of the user's own files: at a finding's line, and whether the base has them.

A comment belongs to the line it ends, or to the first line below it that is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from policylint.engine.waivers import commented
from policylint.errors import PolicylintError
from policylint.helm.sources import ci
from policylint.report.waivers import Waiver

if TYPE_CHECKING:
    from policylint.helm.sources.git import Repository
    from policylint.pipeline.configuration.gate import Gate

_MOST_BYTES = 2_000_000
_MARKS = ("#", "//", "--", ";", "/*", "<!--", "rem ")


class Files:
    """The user's files as they lie here; each is read once."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[str, ...]] = {}
        self._waivers: dict[str, dict[int, list[Waiver]]] = {}

    def lines(self, file: str) -> tuple[str, ...]:
        """The lines of a file; none where it cannot be read."""
        if file not in self._texts:
            self._texts[file] = _read(Path(file))
        return self._texts[file]

    def at(self, file: str, line: int) -> Iterator[Waiver]:
        """The waivers that belong to a line (1-based) of a file."""
        if file not in self._waivers:
            lines = self.lines(file)
            by_line = self._waivers[file] = {}
            for number, waiver in commented(enumerate(lines, 1), file):
                by_line.setdefault(_target(lines, number), []).append(waiver)
        yield from self._waivers[file].get(line, ())

    def every(self, file: str) -> Iterator[Waiver]:
        """All waivers of a file."""
        return (waiver for _, waiver in commented(enumerate(self.lines(file), 1), file))


class Earlier:
    """The user's files as the base of a pull request has them; without a base none counts."""

    def __init__(self, repository: Repository | None = None, commit: str = "") -> None:
        self._repository = repository
        self._commit = commit
        self._texts: dict[str, tuple[str, ...]] = {}

    @classmethod
    def of(cls, gate: Gate) -> Earlier | None:
        """The base's files in a pull request; None on a laptop, where the work tree counts."""
        if not ci.is_pull_request():
            return None
        if gate.base is not None:
            return cls(gate.base.repository, gate.base.revision.commit)
        from policylint.helm.sources.baseline import default_revision
        from policylint.helm.sources.git import find_repository

        repository = find_repository(Path.cwd())
        if repository is None:
            return cls()
        try:
            return cls(repository, default_revision(repository, []).commit)
        except PolicylintError:
            return cls()

    def has(self, waiver: Waiver, now: Sequence[str], line: int, *, by_key: bool) -> bool:
        """Whether the base has a waiver that says the same of the same line: the same key of a
        values file (`by_key`), the same text elsewhere. `now` are the file's lines here."""
        lines = self._lines(waiver.file)
        meant = _sense(now, line, by_key=by_key)
        for number, earlier in commented(enumerate(lines, 1), waiver.file):
            at = _target(lines, number)
            if earlier.says == waiver.says and _sense(lines, at, by_key=by_key) == meant:
                return True
        return False

    def _lines(self, file: str) -> tuple[str, ...]:
        if self._repository:
            inside = self._repository.path_of(file)
        else:
            inside = ""
        if self._repository is None or not inside:
            return ()
        if inside not in self._texts:
            blobs = self._repository.files(self._commit, [inside])
            own = [blob for blob in blobs if blob.path == inside]
            contents = [content for _, content in self._repository.contents(own)]
            self._texts[inside] = _cut(contents[0]) if contents else ()
        return self._texts[inside]


def _read(path: Path) -> tuple[str, ...]:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return ()
        return _cut(path.read_bytes())
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return ()


def _cut(content: bytes) -> tuple[str, ...]:
    return tuple(content.decode("utf-8", "replace").split("\n"))


def _target(lines: Sequence[str], number: int) -> int:
    """The line that a comment at `number` (1-based) belongs to."""
    while number <= len(lines) and _is_comment(lines[number - 1]):
        number += 1
    return number


def _is_comment(line: str) -> bool:
    return line.strip().lower().startswith(_MARKS)


def _sense(lines: Sequence[str], number: int, *, by_key: bool) -> tuple[str, ...]:
    """What a line is about: its key and those it stands under, or its text without a comment."""
    if not 0 < number <= len(lines):
        return ("",)
    line = lines[number - 1]
    if not by_key:
        return (line.partition("# policylint:")[0].strip(),)
    keys = [_key(line)]
    indent = _indent(line)
    for above in reversed(lines[: number - 1]):
        if above.strip() and not _is_comment(above) and _indent(above) < indent:
            indent = _indent(above)
            keys.append(above.strip() if above.strip().startswith("- ") else _key(above))
    return tuple(keys)


def _key(line: str) -> str:
    return line.partition(":")[0].strip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
