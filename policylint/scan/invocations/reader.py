"""What a reader is, and the facts by which a file finds its readers before any of them is loaded.

A reader is a module of `policylint/scan/readers/` with a `READER`, and its row in that package's
`WANTED`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from msgspec import Struct

from policylint.errors import RuleFailure
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Invocation
from policylint.scan.texts.languages import language
from policylint.scan.texts.source import Source

_PIECES = pattern(r"(?i)h[\"'\\]*+e[\"'\\]*+l[\"'\\]*+m")
Reading = Invocation | RuleFailure
"""What a reader yields: an invocation, or that a part of the file cannot be read."""


class Files(Struct, frozen=True):
    """Files that a reader may want: named in one of these ways, with one of the words in the text.

    Names are in lower case. Where no name is said any will do, where no word is said any text.
    """

    languages: tuple[str, ...] = ()
    """`.yaml`; of a template what it is rendered into, "" for a name without a suffix."""
    names: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    """What stands somewhere in the path, which begins with a slash."""
    words: tuple[str, ...] = ()
    """A word in lower case is looked for in any case."""
    begins: re.Pattern[str] | None = None
    """What the text begins with."""

    def hold(self, source: Source) -> bool:
        """Whether the file is one of these."""
        if self.begins is not None and not self.begins.match(source.text):
            return False
        return self._is_named(source) and self._mentions(source.text)

    def _is_named(self, source: Source) -> bool:
        if not any((self.languages, self.names, self.starts, self.ends, self.parts)):
            return True
        name = source.name.lower()
        if name in self.names or name.startswith(self.starts) or name.endswith(self.ends):
            return True
        if self.languages and language(source.name) in self.languages:
            return True
        return any(part in f"/{source.file.lower()}" for part in self.parts)

    def _mentions(self, text: str) -> bool:
        return not self.words or any(_holds(text, word) for word in self.words)


def _holds(text: str, word: str) -> bool:
    return word in text or (word.islower() and word in _lower(text))


@lru_cache(maxsize=1)  # every reader asks about the same text in turn
def _lower(text: str) -> str:
    """The text in lower case; where a shell is told helm in pieces, h"e"lm, whole as well."""
    if _PIECES.search(text):
        whole = _PIECES.sub("helm", text)
    else:
        whole = ""
    if whole:
        return f"{text}\n{whole}".lower()
    return text.lower()


class Wanted:
    """The files of one reader, told without loading it.

    Of the readers with `rank` 0 each that wants a file reads it; of those with a higher rank only
    the first. So a declaration inside a shell script is found beside the script's commands, and a
    workflow is not read again as plain YAML.
    """

    def __init__(self, *files: Files, rank: int = 0) -> None:
        self.files = files
        self.rank = rank

    def hold(self, source: Source) -> bool:
        """Whether the reader may want the file; its own `wants` has the last word."""
        return any(files.hold(source) for files in self.files)


def _any(_: Source) -> bool:
    return True


class Reader(Struct, frozen=True):
    """One kind of file: `read` yields what a file says; `wants` is asked where the facts of its row
    cannot tell these files from others."""

    read: Callable[[Source], Iterable[Reading]]
    wants: Callable[[Source], bool] = _any
