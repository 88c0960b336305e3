"""Fleet: fleet.yaml."""

from __future__ import annotations

from policylint.scan.declarations.declared import readings
from policylint.scan.declarations.fleet import read
from policylint.scan.invocations.reader import Reader
from policylint.scan.texts.languages import stem
from policylint.scan.texts.source import Source


def _wants(source: Source) -> bool:
    return stem(source.path) in ("fleet.yaml", "fleet.yml")


READER = Reader(lambda source: readings(read(source.text, source.file), source), _wants)
