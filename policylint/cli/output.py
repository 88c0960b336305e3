"""The one place that prints: nothing that came from outside acts in a terminal or a log."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from policylint.errors import PolicylintError
from policylint.runtime.escapes import escaped, json_text, on_one_line


def show(text: str) -> None:
    """Print an answer."""
    sys.stdout.write(escaped(text))


def show_json(document: Any) -> None:
    """Print an answer as JSON."""
    sys.stdout.write(json_text(document))


def show_report(text: str) -> None:
    """Print a report in one of its formats, which escape what they hold themselves: they paint
    their own words, and speak to the CI system."""
    sys.stdout.write(text)
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


def progress(number: int, count: int, release: str) -> None:
    """Show on one line, written over and over, which release of how many is judged now."""
    if count > 1:
        end = "\n" if number == count else ""
        sys.stderr.write(f"\r\x1b[K{number}/{count} {on_one_line(release)}{end}")


def is_watched() -> bool:
    """Whether a person sees what is told beside the answer."""
    return sys.stderr is not None and sys.stderr.isatty()


def is_output(file: Path) -> bool:
    """Whether a file is what standard output leads to: /dev/stdout, whatever that is."""
    try:
        return os.path.samestat(file.stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):  # not there, or no file of the system
        return False
