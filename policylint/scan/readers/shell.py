"""Shell scripts: by their name, or by a shell's shebang."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import shell
from policylint.scan.invocations.reader import Found, Reader
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text

_NAMES = (
    ".sh",
    ".bash",
    ".zsh",
    ".ksh",
    ".ash",
    ".dash",
    ".bats",
    ".command",
    ".envrc",
    ".profile",
    ".bashrc",
    ".zshrc",
)
_SHEBANG = pattern(
    r"#!\s*\S*?(?:/|\s)(?:env\s+(?:-S\s+)?)?(?:ba|z|k|a|da)?sh\b|#!/usr/bin/(?:env )?bats\b|#!\S+/with-contenv"
)


def _wants(source: Source) -> bool:
    name = source.name
    return name.endswith(_NAMES) or bool(_SHEBANG.match(source.text))


_TEST = pattern(r"^[ \t]*@test[ \t]+.*(?=\{[ \t]*$)", re.MULTILINE)
"""The head of a test of Bats, which is no shell: its name may hold any quotes."""


def _read(source: Source) -> Iterator[Found]:
    text = Text.cut(source.text, 0, len(source.text))
    for match in _TEST.finditer(source.text) if "@test" in source.text else ():
        text = text.put(match.start(), match.end(), " ")
    yield from shell(source, text)


READER = Reader("shell", _wants, _read, rank=1)
