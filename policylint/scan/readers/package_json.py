"""package.json: its scripts."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.scan.invocations.commands import shell
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.texts.pipelines import roots
from policylint.scan.texts.source import Source
from policylint.scan.texts.yamlscalars import text_of


def _read(source: Source) -> Iterator[Reading]:
    for root in roots(source):
        scripts = root.get("scripts")
        for _, value in scripts.pairs() if scripts else ():
            yield from shell(source, text_of(value))


READER = Reader(_read)
