"""The one place that prints: nothing that came from outside acts in a terminal or a log."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from policylint.errors import PolicylintError
from policylint.runtime.escapes import escaped, json_text, on_one_line

_RICH = ("progress", "console")
"""What draws progress, which costs more to load than most checks take."""


def show(text: str) -> None:
    """Print an answer."""
    sys.stdout.write(escaped(text))


def show_json(document: Any) -> None:
    """Print an answer as JSON."""
    sys.stdout.write(json_text(document))


def show_report(texts: Iterable[str]) -> None:
    """Print a report in one of its formats, which escape what they hold themselves: they paint
    their own words, and speak to the CI system."""
    sys.stdout.writelines(texts)
    sys.stdout.flush()


def tell(text: str) -> None:
    """Say something beside the answer, where somebody listens."""
    if sys.stderr is not None:  # closed by whoever started us
        sys.stderr.write(escaped(text))


def complain(error: PolicylintError) -> None:
    """Say what went wrong and what to do next."""
    tell(f"policylint: {error}\n")
    if error.remedy:
        tell(f"  fix  {error.remedy}\n")


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, str], None] | None]:
    """Shows which release of how many is judged now, where a person watches; None where nobody
    does. The library is loaded with the second release."""
    if not is_watched():
        yield None
        return
    bar = _Bar()
    try:
        yield bar.show
    finally:
        bar.end()


class _Bar:
    """A bar on standard error, drawn where there is more than one release."""

    def __init__(self) -> None:
        self._bar: Any = None

    def show(self, number: int, count: int, release: str) -> None:
        if count < 2:
            return
        if self._bar is None:
            self._bar = self._begun(count)
        self._bar.update(self._bar.task_ids[0], completed=number - 1, release=on_one_line(release))

    def _begun(self, count: int) -> Any:
        progress, console = (importlib.import_module(f"rich.{name}") for name in _RICH)
        columns = (
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
            progress.TextColumn("{task.fields[release]}", markup=False),
        )
        bar = progress.Progress(*columns, console=console.Console(stderr=True), transient=True)
        bar.add_task("", total=count, release="")
        bar.start()
        return bar

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()


def is_watched() -> bool:
    """Whether a person sees what is told beside the answer."""
    return sys.stderr is not None and sys.stderr.isatty()


def is_output(file: Path) -> bool:
    """Whether a file is what standard output leads to: /dev/stdout, whatever that is."""
    try:
        return os.path.samestat(file.stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):  # not there, or no file of the system
        return False
