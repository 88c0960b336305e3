"""PowerShell scripts."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.scan.invocations.reader import Found, Reader
from policylint.scan.scripts.powershell import powershell
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text


def _wants(source: Source) -> bool:
    return source.suffix.lower() in (".ps1", ".psm1")


def _file(source: Source) -> Iterator[Found]:
    yield from powershell(source, Text.cut(source.text, 0, len(source.text)), {})


READER = Reader("powershell", _wants, _file, rank=1)
