"""Shell scripts: by their name, or by a shell's shebang."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import shell
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text

_TEST = pattern(r"^[ \t]*@test[ \t]+.*(?=\{[ \t]*$)", re.MULTILINE)
"""The head of a test of Bats, which is no shell: its name may hold any quotes."""


def _read(source: Source) -> Iterator[Reading]:
    text = Text.cut(source.text, 0, len(source.text))
    for match in _TEST.finditer(source.text) if "@test" in source.text else ():
        text = text.put(match.start(), match.end(), " ")
    yield from shell(source, text)


READER = Reader(_read)
