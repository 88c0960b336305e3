"""A file as the readers get it, and what a reader is.

A reader is a module of this package with a `READER`. Adding one touches that module alone.
"""

from __future__ import annotations

import functools
import importlib
from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate
from pathlib import Path, PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.scan.invocations.model import Invocation, Place
from policylint.report.model import RuleFailure
from policylint.runtime.resources import modules


@functools.lru_cache(maxsize=16)
def _path(file: str) -> PurePosixPath:
    return PurePosixPath(file)


class Source(Struct, frozen=True, eq=False):
    """One file's text; positions are 0-based characters of `text`, lines end in one line feed.

    A carriage return before a line feed reads as a blank, so that positions stay those of the file.
    """

    file: str
    """The name shown, with forward slashes: relative to where the scan was asked for."""
    text: str
    root: Path | None = None
    """The directory `file` is relative to, for readers that look at a file nearby; None where there is none."""
    offset: int = 0
    """Bytes of the file before the text (a byte order mark)."""
    _starts: list[int] = field(default_factory=list)
    _bytes: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, file: str, data: bytes, root: Path | None = None) -> Source:
        """The source of a file's bytes. Raises `UnicodeDecodeError`, a `ValueError`, for text that is not UTF-8."""
        mark = 3 if data.startswith(b"\xef\xbb\xbf") else 0
        text = data[mark:].decode("utf-8")
        if "\r" in text:
            text = text.replace("\\\r\n", " \\\n").replace("^\r\n", " ^\n").replace("`\r\n", " `\n")
            text = text.replace("\r\n", " \n")
        return cls(file, text, root, mark)

    @property
    def path(self) -> PurePosixPath:
        """The file's name as a path."""
        return _path(self.file)

    @property
    def name(self) -> str:
        """The file's name without its directory."""
        return self.file.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """What the name ends in, ".sh"; "" for a name without a dot behind its first character."""
        name = self.name
        dot = name.rfind(".")
        return name[dot:] if 0 < dot < len(name) - 1 else ""

    def place(self, start: int, end: int = -1) -> Place:
        """The place of the characters start..end."""
        if not self._starts:
            self._starts.extend(accumulate((len(line) + 1 for line in self.text.split("\n")), initial=0))
        line = bisect_right(self._starts, start)
        last = self._byte(end) if end >= 0 else -1
        return Place(self.file, line, start - self._starts[line - 1] + 1, self._byte(start), last)

    def _byte(self, index: int) -> int:
        if self.text.isascii():
            return index + self.offset
        if not self._bytes:
            self._bytes.extend(accumulate((len(char.encode()) for char in self.text), initial=0))
        return self._bytes[min(index, len(self._bytes) - 1)] + self.offset

    def near(self, name: str) -> str | None:
        """The text of a file named relative to this one; None where it cannot be read or is outside the root."""
        if self.root is None:
            return None
        path = (self.root / self.file).parent / name
        try:
            path.resolve().relative_to(self.root.resolve())
            return path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None


Found = Invocation | RuleFailure
"""What a reader yields: an invocation, or that a part of the file cannot be read."""


class Reader(Struct, frozen=True):
    """One kind of file. `wants` looks at the name and the text (cheaply); `read` yields what it finds.

    Of the readers with `rank` 0 each that wants a file reads it; of those with a higher rank only the first.
    So a declaration inside a shell script is found beside the script's commands, and a workflow is not read
    again as plain YAML.
    """

    name: str
    wants: Callable[[Source], bool]
    read: Callable[[Source], Iterable[Found]]
    rank: int = 0


@functools.cache
def readers() -> tuple[Reader, ...]:
    """Every module's `READER` (or `READERS`), by rank and name."""
    package = importlib.import_module("policylint.invocations")
    found: list[Reader] = []
    for module in modules(package):
        loaded = importlib.import_module(f"policylint.invocations.{module}")
        one = getattr(loaded, "READER", None)
        found += [one] if isinstance(one, Reader) else []
        found += [each for each in getattr(loaded, "READERS", ()) if isinstance(each, Reader)]
    return tuple(sorted(found, key=lambda reader: (reader.rank, reader.name)))


def read_source(source: Source) -> tuple[Found, ...]:
    """Everything that the readers find in one file, in order of lines, each place once."""
    found: list[Found] = []
    taken = False
    for reader in readers():
        if (taken and reader.rank) or not reader.wants(source):
            continue
        taken = taken or reader.rank > 0
        found += reader.read(source)
    return tuple(replace(each, source=source) if isinstance(each, Invocation) else each for each in once(found))


def once(found: Iterable[Found]) -> tuple[Found, ...]:
    """Each place once: what several readings of one place agree on is known."""
    from policylint.scan.invocations.commands import merged

    places: dict[object, list[Invocation]] = {}
    failures: dict[RuleFailure, None] = {}
    for each in found:
        if isinstance(each, Invocation):
            places.setdefault((each.line, each.column, each.tool in ("helm", "helmfile")), []).append(each)
        else:
            failures[each] = None
    merged_places = (merged(readings) for readings in places.values())
    return (*sorted(merged_places, key=lambda each: (each.line, each.column)), *failures)
