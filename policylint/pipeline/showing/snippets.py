"""Lines of the user's own files, to show beside what they cause."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from policylint.redaction.collect import secret_lines
from policylint.redaction.redactor import Redactor
from policylint.redaction.vocabulary import SHORTEST

_MOST_BYTES = 2_000_000
_WIDEST = 120


def lines_of(places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The text of these lines (file, 1-based number), secrets masked; files that cannot be read and
    lines that are too wide to show are left out."""
    texts: dict[tuple[str, int], str] = {}
    for file, rows in groupby(sorted(places), key=lambda row: row[0]):
        text = _text(file)
        lines = text.split("\n")
        redactor = _redactor(text)
        for _, number in rows:
            line = lines[number - 1] if number <= len(lines) else ""
            if line.strip() and len(line) <= _WIDEST:
                texts[file, number] = redactor.text(line)
    return texts


def _text(file: str) -> str:
    path = Path(file)
    try:
        if path.stat().st_size > _MOST_BYTES:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):  # ValueError: no UTF-8, a NUL in the name
        return ""


def _redactor(text: str) -> Redactor:
    secrets = {secret for secret in secret_lines(text, nested=True) if len(secret) >= SHORTEST}
    return Redactor(tuple(sorted(secrets, key=len, reverse=True)))
