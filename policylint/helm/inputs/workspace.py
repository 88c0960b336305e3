"""Temporary directories of a run, removed at its end whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from policylint.errors import SourceError
from policylint.runtime import rooms

T = TypeVar("T")

Sources = Callable[[], frozenset[str]]
"""Looks addresses up when they are asked for."""


class Workspace:
    """Where copies of revisions and unpacked charts live while a run needs them.

    `sources` tells the addresses that dependencies may be fetched from: None as long as it is the
    before side that is read, then those that it declares.
    """

    def __init__(self) -> None:
        self._made: list[Path] = []
        self._kept: dict[Hashable, Any] = {}
        self.sources: Sources | None = None

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes, made once in a run: what stands at a revision serves every release."""
        if key not in self._kept:
            self._kept[key] = make()
        kept: T = self._kept[key]
        return kept

    def directory(self) -> Path:
        """A new, empty directory; raises SourceError where none can be made."""
        try:
            made = Path(rooms.enter())
        except OSError as error:
            raise disk_error(error) from error
        self._made.append(made)
        return made.resolve()

    def close(self) -> None:
        """Remove every directory."""
        while self._made:
            rooms.leave(self._made.pop())

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def disk_error(error: OSError) -> SourceError:
    """The error for a disk that takes no more files."""
    return SourceError(
        f"no temporary files can be written: {error.strerror or error}",
        remedy="free some space, or set TMPDIR to a directory that can be written",
        file=str(error.filename or ""),
    )
