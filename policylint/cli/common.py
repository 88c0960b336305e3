"""What several commands share: writing reports where the user wants them."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

from policylint.cli.output import in_colour, show_report
from policylint.errors import UsageError
from policylint.report.formats import names, render
from policylint.report.model import Report


def emit(report: Report, formats: Sequence[str]) -> int:
    """Write the report in every format asked for (`text`, `json`, `sarif=out.sarif`) and return the
    exit code."""
    wanted = [_target(word) for word in formats or ("text",)]
    if sum(not file for _, file in wanted) > 1:
        raise UsageError(
            "two formats for standard output",
            remedy="write one of them to a file: --format json=FILE",
        )
    for name, file in wanted:
        if file:
            write(Path(file), render(name, report))
        else:
            show_report(render(name, report, colour=name == "text" and in_colour()))
    return report.verdict.exit_code


def check_formats(formats: Sequence[str]) -> None:
    """Refuse an unknown format before any work is done."""
    for name, _ in map(_target, formats):
        if name not in names():
            raise UsageError(
                f"no format is called {name!r}", remedy=f"the formats are {', '.join(names())}"
            )


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all, and leave nothing else behind; into what is no file
    (/dev/stdout) directly."""
    import tempfile

    begun: Path | None = None
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8", newline="")
            return
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, delete=False, encoding="utf-8", newline=""
        ) as temporary:
            begun = Path(temporary.name)
            temporary.write(text)
        begun.replace(path)
    except OSError as error:
        remedy = (
            "free some space"
            if error.errno == errno.ENOSPC
            else "name a file in a directory you may write to"
        )
        raise UsageError(
            f"cannot write the report: {error.strerror}", file=str(path), remedy=remedy
        ) from None
    finally:
        if begun:  # gone already where all went well
            begun.unlink(missing_ok=True)


def _target(word: str) -> tuple[str, str]:
    name, _, file = word.partition("=")
    return name, file
