"""Crontabs: the command behind each line's schedule and user."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import shell
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text

_WHEN = r"(?:@\w+|(?:[\d*/,A-Za-z-]+[ \t]+){5})"
_USER = r"(?:(?:root|[a-z_][\w-]*)[ \t]+(?=\S*(?:helm|/|sudo|bash|sh\b)))?"
_CRON = pattern(rf"^[ \t]*{_WHEN}[ \t]*{_USER}(.+)$", re.MULTILINE)


def _read(source: Source) -> Iterator[Reading]:
    for match in _CRON.finditer(source.text):
        if "helm" in match[1]:
            yield from shell(source, Text.cut(source.text, match.start(1), match.end(1)))


READER = Reader(_read)
