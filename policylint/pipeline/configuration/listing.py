"""Where the configuration writes what it says of a release: what it sets, its chart's version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from policylint.helm.inputs.files import read_text
from policylint.kyaml.load import compose, line_of, load
from policylint.model import Location


class _Table(Struct, frozen=True):
    """What a file says of a release at one place: for all its environments, or for one."""

    file: str
    root: Any
    """The file's root node."""
    path: tuple[str | int, ...]
    entries: Mapping[str, Any]

    def place(self, *below: str | int) -> Location:
        return Location("cause", self.file, line_of(self.root, (*self.path, *below)))


class Listing(Struct, frozen=True):
    """A release that the configuration lists."""

    files: tuple[str, ...]
    """The file of the configuration, and those that it extends."""
    release: str
    namespace: str
    environment: str = ""

    def of_set(self, assignment: str) -> Location | None:
        """The last entry of `set` that is this assignment; None where none is. Raises ReadError."""
        for table in self._tables():
            for number, text in reversed(list(enumerate(table.entries.get("set", ())))):
                if text == assignment:
                    return table.place("set", number)
        return None

    def of_version(self) -> Location | None:
        """The version of its chart; None where none is written. Raises ReadError."""
        return self._of_key("version")

    def of_release(self) -> Location | None:
        """The release itself. Raises ReadError."""
        return self._of_key("name")

    def _of_key(self, key: str) -> Location | None:
        for table in self._tables():
            if key in table.entries:
                return table.place(key)
        return None

    def _tables(self) -> Iterator[_Table]:
        """The tables of the release, those that win first: its environment's before its own."""
        for file in self.files:
            text = read_text(Path(file))
            root, raw = compose(text, file), load(text, file) or {}
            for number, entry in enumerate(raw.get("releases", ())):
                own = entry.get("environments", {}).get(self.environment, {})
                path = ("releases", number)
                if self._is_of({**entry, **own}):
                    yield _Table(file, root, (*path, "environments", self.environment), own)
                    yield _Table(file, root, path, entry)

    def _is_of(self, entry: Mapping[str, Any]) -> bool:
        named = (entry.get("name"), entry.get("namespace", "default"))
        environments = entry.get("environments") or {entry.get("environment", "")}
        return named == (self.release, self.namespace) and self.environment in environments
