"""Which readers a file has, and what they find in it together."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from policylint.errors import RuleFailure
from policylint.scan.invocations.commands import merged, shell
from policylint.scan.invocations.model import Invocation
from policylint.scan.invocations.reader import Reader, Reading, Wanted
from policylint.scan.readers import WANTED
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text


@functools.cache
def reader(name: str) -> Reader:
    """The reader of this name, loaded at its first use."""
    loaded: Reader = importlib.import_module(f"policylint.scan.readers.{name}").READER
    return loaded


@functools.cache
def wanted() -> Mapping[str, Wanted]:
    """The files of every reader by its name, in the order in which they are asked: by rank, then by
    name."""
    return dict(sorted(WANTED.items(), key=lambda row: (row[1].rank, row[0])))


def readers_of(source: Source) -> Iterator[Reader]:
    """The readers of one file; of those with a rank only the first that wants it."""
    ranked = False
    for name, files in wanted().items():
        if ranked and files.rank:
            continue
        if files.hold(source) and reader(name).wants(source):
            ranked = ranked or files.rank > 0
            yield reader(name)


def read_source(source: Source) -> tuple[Reading, ...]:
    """Everything that the readers find in one file, in order of lines, each place once."""
    readings: list[Reading] = []
    for a_reader in readers_of(source):
        readings += a_reader.read(source)
    return tuple(
        replace(reading, source=source) if isinstance(reading, Invocation) else reading
        for reading in once(readings)
    )


def once(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """Each place once: what several readings of one place agree on is known."""
    places: dict[object, list[Invocation]] = {}
    failures: dict[RuleFailure, None] = {}
    for reading in readings:
        if isinstance(reading, Invocation):
            is_command = reading.tool in ("helm", "helmfile")
            place = (reading.line, reading.column, is_command)
            places.setdefault(place, []).append(reading)
        else:
            failures[reading] = None
    invocations = [merged(same_place) for same_place in places.values()]
    invocations.sort(key=lambda invocation: (invocation.line, invocation.column))
    return (*invocations, *failures)


def commands_of(file: Path) -> tuple[Invocation, ...]:
    """The invocations of one file that holds shell commands, whatever its name."""
    source = Source.of(file.name, file.read_bytes())
    invocations = shell(source, Text.cut(source.text, 0, len(source.text)))
    return tuple(replace(invocation, source=source) for invocation in invocations)
