"""Manifests and values files: cut into their documents without parsing any, each read when it is
asked for."""

from __future__ import annotations

import importlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from policylint.errors import ReadError
from policylint.model import Json
from policylint.runtime.patterns import pattern

if TYPE_CHECKING:
    from types import ModuleType

    from policylint.kyaml.nodes import Node

_SPLIT = pattern(r"---(?=[ \t\r\n]|\Z)[ \t]*")
"""A separator where it begins a line; the line's begin is no part of it, so that text is searched
for its dashes."""
_FILLED = pattern(
    r"(?:\A|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029])"
    r"[^\S\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*+[^\s#]"
)
_CONTENT = pattern(r"^(?![^\S\n]*+(?:#|$))(?!---(?:[ \t]+#.*|[ \t\r]*)$).", re.MULTILINE)
_SOURCE = pattern(r"^# Source: (\S++(?:[^\S\n]++\S++)*+)\s*$", re.MULTILINE)


class Document(Struct, frozen=True):
    """One YAML document: its text, its 1-based first line in the file, its template where helm
    names it."""

    text: str
    line: int
    file: str
    source: str = ""

    def body(self) -> Json:
        """The document's value. Raises `ReadError` with file and line."""
        return parse(self.text, self.file, self.line)


def split(text: str, file: str, line: int = 1) -> tuple[Document, ...]:
    """Cut a manifest that begins at a line of a file into its documents, blank ones left out,
    without parsing any."""
    return tuple(Document(body, at + line, file, source) for body, at, source in _cut(text))


@lru_cache(maxsize=8)
def _cut(text: str) -> tuple[tuple[str, int, str], ...]:
    """(text, line in the whole from 0, template) of each document; much of a render is the same
    text on both sides."""
    separators = _separators(text)
    starts = [0, *(separator.end() for separator in separators)]
    ends = [*(separator.start() for separator in separators), len(text)]
    documents = []
    line, counted, source = 0, 0, ""
    for start, end in zip(starts, ends, strict=True):
        line += text.count("\n", counted, start)
        counted = start
        begin = start
        while begin < end and text[begin] in "\r\n":
            begin += 1
        body = text[begin:end]
        named = _SOURCE.search(body) if "# Source: " in body else None
        if named:  # Helm 3 names a template on a document of its own before `---`
            source = named[1]
        if _FILLED.search(body):
            documents.append((body, line + text.count("\n", start, begin), source))
            source = ""
    return tuple(documents)


def _separators(text: str) -> list[re.Match[str]]:
    """The `---` that begin a line."""
    return [
        match
        for match in _SPLIT.finditer(text)
        if match.start() == 0 or text[match.start() - 1] == "\n"
    ]


def has_content(text: str) -> bool:
    """Whether a manifest holds more than blanks, comments and separators, found without cutting
    it."""
    return _CONTENT.search(text) is not None


def load_all(text: str, file: str) -> tuple[Document, ...]:
    """The documents of a manifest; call `body()` on each for its value."""
    return split(text, file)


def load(text: str, file: str) -> Json:
    """The value of a text that holds one document (a values file); None when it is empty."""
    documents = split(text, file)
    if len(documents) > 1:
        raise ReadError(
            "more than one YAML document",
            file=file,
            line=documents[1].line,
            remedy="keep one document",
        )
    if documents:
        return documents[0].body()
    return None


def parse(text: str, file: str, line: int = 1) -> Json:
    """The value of one document whose first line is `line` of `file`. Raises `ReadError`."""
    value: Json = _values().parse(text, file, line)
    return value


def compose(text: str, file: str) -> Node | None:
    """The node tree of one document, whose marks give lines and columns. Raises `ReadError`."""
    root: Node | None = _values().compose(text, file)
    return root


def line_of(root: Node | None, path: tuple[str | int, ...]) -> int:
    """The 1-based line of the key or item at `path`, or of the nearest parent that is there; 0 for
    no document."""
    line: int = _values().line_of(root, path) if root is not None else 0
    return line


def _values() -> ModuleType:
    """What parses, loaded at the first document: it brings PyYAML, and helm is started before."""
    return importlib.import_module("policylint.kyaml.values")
