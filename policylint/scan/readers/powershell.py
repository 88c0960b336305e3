"""PowerShell scripts."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.scripts.powershell import powershell
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text


def _file(source: Source) -> Iterator[Reading]:
    yield from powershell(source, Text.cut(source.text, 0, len(source.text)), {})


READER = Reader(_file)
