"""The files of a repository at one revision, read once and never from outside of it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from policylint.errors import ReadError
from policylint.kyaml.load import split
from policylint.model import Json
from policylint.runtime.drafts import draft

LARGEST = 2_000_000
"""Bytes of the largest file that is read; no declaration needs more."""
MOST_FILES = 100_000
_SKIPPED = frozenset({".git", "node_modules", ".terraform", ".venv", "vendor"})
_YAML = (".yaml", ".yml")


class Item(Struct, frozen=True):
    """One object of a file: its body, where it stands, and the text of its document."""

    body: dict[str, Json]
    file: str
    line: int = 1
    text: str = ""

    @property
    def kind(self) -> str:
        """The object's kind, "" where it is not text."""
        return string(self.body, "kind")

    @property
    def api(self) -> str:
        """The object's apiVersion."""
        return string(self.body, "apiVersion")

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        group, slash, _ = self.api.partition("/")
        if slash:
            return group
        return ""

    @property
    def name(self) -> str:
        """metadata.name."""
        return string(self.body, "metadata", "name")

    @property
    def namespace(self) -> str:
        """metadata.namespace."""
        return string(self.body, "metadata", "namespace")


class Documents(Struct, frozen=True):
    """The objects of a file; `error` says why it could not be read as YAML."""

    items: tuple[Item, ...] = ()
    error: str = ""


class Tree:
    """A directory that holds a revision's files; paths are relative to it, with slashes."""

    def __init__(self, root: Path, names: tuple[str, ...]) -> None:
        self.root = root
        self.names = names
        self._real = os.path.realpath(root)
        self._texts: dict[str, str | None] = {}
        self._documents: dict[str, Documents] = {}
        self._folders: dict[str, list[str]] | None = None

    @classmethod
    def of(cls, root: Path) -> Tree:
        """All files below a directory but those of tools' own directories, in order."""
        return cls(root, tuple(sorted(_walk(root))))

    def text(self, path: str) -> str | None:
        """A file's text; None where there is none, where a link leads outside, or where it is no
        text of a bearable size."""
        path = normal(path)
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def _read(self, path: str) -> str | None:
        file = self.root / path
        try:
            if not self._is_inside(file) or not file.is_file() or file.stat().st_size > LARGEST:
                return None
            content = draft(file)
            return (file.read_bytes() if content is None else content).decode("utf-8-sig")
        except (OSError, ValueError):
            return None

    def _is_inside(self, file: Path) -> bool:
        real = os.path.realpath(file)
        return real == self._real or real.startswith(self._real + os.sep)

    def is_dir(self, path: str) -> bool:
        """Whether there is such a directory, inside the repository."""
        folder = self.root / normal(path)
        return folder.is_dir() and self._is_inside(folder)

    def is_file(self, path: str) -> bool:
        """Whether there is such a file, inside the repository."""
        file = self.root / normal(path)
        return file.is_file() and self._is_inside(file)

    def documents(self, path: str) -> Documents:
        """The objects that a YAML file holds, lists unfolded; mappings only."""
        path = normal(path)
        if path not in self._documents:
            text = self.text(path)
            self._documents[path] = _parsed(text, path) if text is not None else Documents()
        return self._documents[path]

    def below(self, folder: str) -> list[str]:
        """The files at and below a directory, in order."""
        folder = normal(folder)
        if folder == ".":
            return list(self.names)
        return [name for name in self.names if name.startswith(f"{folder}/")]

    def yaml_files(self) -> Iterator[str]:
        """Every YAML file."""
        return (name for name in self.names if name.endswith(_YAML))


def normal(path: str) -> str:
    """A path without `.`, `..` and a leading slash, which Flux takes as the repository's top."""
    return posixpath.normpath(path.lstrip("/") or ".")


def string(body: Json, *path: str) -> str:
    """The text below keys, "" where there is none; numbers are no text."""
    node = value(body, *path)
    if isinstance(node, str):
        return node
    return ""


def value(body: Json, *path: str) -> Json:
    """What stands below keys, None where there is nothing."""
    for key in path:
        if not isinstance(body, dict):
            return None
        body = body.get(key)
    return body


def scalar_text(entry: Json) -> str:
    """A scalar as a template of Go's prints it in YAML; "" for null."""
    if isinstance(entry, str):
        return entry
    if entry is None:
        return ""
    return str(entry)


def mapping(body: Json, *path: str) -> dict[str, Json]:
    """The mapping below keys, an empty one where there is none."""
    node = value(body, *path)
    if isinstance(node, dict):
        return node
    return {}


def sequence(body: Json, *path: str) -> list[Json]:
    """The list below keys, an empty one where there is none."""
    node = value(body, *path)
    if isinstance(node, list):
        return node
    return []


def parsed(text: str, file: str) -> Documents:
    """The objects of a text."""
    return _parsed(text, file)


def _parsed(text: str, file: str) -> Documents:
    items: list[Item] = []
    try:
        for document in split(text, file):
            body = document.body()
            items += _unfolded(body, Item({}, file, document.line, document.text))
    except (ReadError, RecursionError) as error:
        return Documents(tuple(items), str(error) or "nested too deeply")
    return Documents(tuple(items))


def _unfolded(body: Json, at: Item) -> Iterator[Item]:
    if not isinstance(body, dict):
        return
    listed = body.get("items")
    if str(body.get("kind", "")).endswith("List") and isinstance(listed, list):
        for item in listed:
            if isinstance(item, dict):
                yield Item(item, at.file, at.line)
    else:
        yield Item(body, at.file, _first_line(at), at.text)


def _first_line(at: Item) -> int:
    """The line of the first key, below comments."""
    for number, line in enumerate(at.text.splitlines()):
        if line.strip() and not line.lstrip().startswith("#"):
            return at.line + number
    return at.line


def _walk(root: Path) -> Iterator[str]:
    count = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        below = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in files:
            count += 1
            if count > MOST_FILES:
                return
            yield name if below == "." else f"{below}/{name}"
