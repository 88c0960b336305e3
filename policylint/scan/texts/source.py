"""A file as the readers get it."""

from __future__ import annotations

import functools
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from policylint.runtime.drafts import draft


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
    """The directory `file` is relative to, for readers that look at a file nearby; None where there
    is none."""
    offset: int = 0
    """Bytes of the file before the text (a byte order mark)."""
    _starts: list[int] = field(default_factory=list)
    _bytes: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, file: str, data: bytes, root: Path | None = None) -> Source:
        """The source of a file's bytes. Raises `UnicodeDecodeError`, a `ValueError`, for text that
        is not UTF-8."""
        mark = 3 if data.startswith(b"\xef\xbb\xbf") else 0
        text = data[mark:].decode("utf-8")
        if "\r" in text:
            text = text.replace("\\\r\n", " \\\n").replace("^\r\n", " ^\n").replace("`\r\n", " `\n")
            # a lone one ends a line in YAML and in old files
            text = text.replace("\r\n", " \n").replace("\r", "\n")
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
        if 0 < dot < len(name) - 1:
            return name[dot:]
        return ""

    def place(self, start: int, end: int = -1) -> Place:
        """The place of the characters start..end."""
        starts = self._line_starts()
        line = bisect_right(starts, start)
        last = self._byte(end) if end >= 0 else -1
        column = start - starts[line - 1] + 1
        return Place(line, column, file=self.file, start=self._byte(start), end=last)

    def placed(self, place: Place) -> Place:
        """A place of lines and columns with its bytes; one in another file (a base) keeps its own
        name and has none."""
        if place.file and place.file != self.file:
            return Place(place.line, place.column, file=place.file)
        start = self._index(place.line, place.column)
        end = -1
        if place.end_line:
            end = min(self._index(place.end_line, place.end_column), len(self.text))
        return self.place(start, end)

    def _index(self, line: int, column: int) -> int:
        """The character of `text` at a line and column."""
        starts = self._line_starts()
        return starts[min(line, len(starts)) - 1] + column - 1

    def _line_starts(self) -> list[int]:
        if not self._starts:
            lengths = (len(line) + 1 for line in self.text.split("\n"))
            self._starts.extend(accumulate(lengths, initial=0))
        return self._starts

    def _byte(self, index: int) -> int:
        if self.text.isascii():
            return index + self.offset
        if not self._bytes:
            self._bytes.extend(accumulate((len(char.encode()) for char in self.text), initial=0))
        return self._bytes[min(index, len(self._bytes) - 1)] + self.offset

    def near(self, name: str) -> str | None:
        """The text of a file named relative to this one; None where it cannot be read or is outside
        the root."""
        if self.root is None:
            return None
        path = (self.root / self.file).parent / name
        try:
            path.resolve().relative_to(self.root.resolve())
            if path.is_file():
                content = draft(path)
                return (path.read_bytes() if content is None else content).decode()
        except (OSError, ValueError):
            pass
        return None


class Place(Struct, frozen=True):
    """Where something stands in a file: lines and columns are 1-based, bytes 0-based; every end is
    behind the last character."""

    line: int
    column: int
    end_line: int = 0
    """0 where it is not known."""
    end_column: int = 0
    file: str = ""
    """"" for the file that is read."""
    start: int = -1
    """The first byte; -1 where only line and column are known."""
    end: int = -1


NOWHERE = Place(0, 0)
