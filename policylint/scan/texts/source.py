"""A file as the readers get it."""

from __future__ import annotations

import functools
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path, PurePosixPath

from msgspec import Struct, field


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
        return name[dot:] if 0 < dot < len(name) - 1 else ""

    def place(self, start: int, end: int = -1) -> Place:
        """The place of the characters start..end."""
        if not self._starts:
            self._starts.extend(
                accumulate((len(line) + 1 for line in self.text.split("\n")), initial=0)
            )
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
        """The text of a file named relative to this one; None where it cannot be read or is outside
        the root."""
        if self.root is None:
            return None
        path = (self.root / self.file).parent / name
        try:
            path.resolve().relative_to(self.root.resolve())
            return path.read_text(encoding="utf-8") if path.is_file() else None
        except (OSError, ValueError):
            return None


class Place(Struct, frozen=True):
    """Where something stands: `line` and `column` are 1-based, `start` and `end` bytes of the file
    (-1: unknown)."""

    file: str
    line: int
    column: int
    start: int = -1
    end: int = -1
