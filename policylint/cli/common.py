"""What several commands share: writing reports where the user wants them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from policylint.cli.output import is_output, show_report
from policylint.errors import UsageError
from policylint.pipeline.showing.publish import Output, outputs
from policylint.report.formats import pieces
from policylint.report.look import Look
from policylint.report.model import Report
from policylint.runtime.wholefiles import write_pieces


def emit(report: Report, formats: Sequence[str], look: Look, runbook: str = "") -> None:
    """Write the report in every format asked for, or that the place reads; a file is written as for
    no terminal."""
    wanted = outputs(formats, os.environ, runbook)
    plain = replace(look, colour=False, links=False, width=0)
    for output in wanted:
        _put(output, pieces(output.format, report, plain if output.file else look))


def _put(output: Output, texts: Iterable[str]) -> None:
    if not output.file or is_output(Path(output.file)):
        show_report(texts)
    elif output.append:
        append(Path(output.file), texts)
    else:
        write_texts(Path(output.file), texts)


def write(path: Path, text: str) -> None:
    """Write a text into a file (see `write_texts`)."""
    write_texts(path, (text,))


def write_texts(path: Path, texts: Iterable[str]) -> None:
    """Write a file whole or not at all, and leave nothing else behind; into what is no file
    (/dev/stdout) directly."""
    try:
        real = Path(os.path.realpath(path))  # behind a link, the file itself is written
        if real.exists() and not real.is_file():
            with path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(texts)
        else:
            write_pieces(real, (text.encode("utf-8") for text in texts))
    except OSError as error:
        raise _unwritten(path, error) from None


def append(path: Path, texts: Iterable[str]) -> None:
    """Add to a file of somebody else's, such as the summary of a CI job."""
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            file.writelines(texts)
    except OSError as error:
        raise _unwritten(path, error) from None


def _unwritten(path: Path, error: OSError) -> UsageError:
    if error.errno == errno.ENOSPC:
        remedy = "free some space"
    else:
        remedy = "name a file in a directory you may write to"
    return UsageError(f"cannot write the report: {error.strerror}", file=str(path), remedy=remedy)
