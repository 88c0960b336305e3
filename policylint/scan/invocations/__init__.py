"""How people run Helm: the commands and the declared releases of a repository's files.

`scan` finds them in files, `parse_command` reads one command line. What is read is never run or expanded.
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from policylint.scan.invocations.commands import parse_command
from policylint.scan.invocations.model import Flag, Invocation, Job, Place
from policylint.scan.invocations.reader import Reader, Source, read_source, readers
from policylint.scan.readers.walk import Scan, scan

__all__ = [
    "Flag",
    "Invocation",
    "Job",
    "Place",
    "Reader",
    "Scan",
    "Source",
    "commands_of",
    "parse_command",
    "read_source",
    "readers",
    "scan",
]


def commands_of(file: Path) -> tuple[Invocation, ...]:
    """The invocations of one file that holds shell commands, whatever its name."""
    from policylint.scan.invocations.commands import shell
    from policylint.scan.texts.text import Text

    source = Source.of(file.name, file.read_bytes())
    found = shell(source, Text.cut(source.text, 0, len(source.text)))
    return tuple(replace(each, source=source) for each in found)
