"""The readers there are, and what they find in one file."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from policylint.errors import RuleFailure
from policylint.runtime.resources import modules
from policylint.scan.invocations.model import Invocation
from policylint.scan.invocations.reader import Found, Reader
from policylint.scan.texts.source import Source


@functools.cache
def readers() -> tuple[Reader, ...]:
    """Every module's `READER` (or `READERS`), by rank and name."""
    package = importlib.import_module("policylint.scan.readers")
    found: list[Reader] = []
    for module in modules(package):
        loaded = importlib.import_module(f"policylint.scan.readers.{module}")
        one = getattr(loaded, "READER", None)
        found += [one] if isinstance(one, Reader) else []
        found += [each for each in getattr(loaded, "READERS", ()) if isinstance(each, Reader)]
    return tuple(sorted(found, key=lambda reader: (reader.rank, reader.name)))


def read_source(source: Source) -> tuple[Found, ...]:
    """Everything that the readers find in one file, in order of lines, each place once."""
    found: list[Found] = []
    taken = False
    for reader in readers():
        if (taken and reader.rank) or not reader.wants(source):
            continue
        taken = taken or reader.rank > 0
        found += reader.read(source)
    return tuple(
        replace(each, source=source) if isinstance(each, Invocation) else each
        for each in once(found)
    )


def once(found: Iterable[Found]) -> tuple[Found, ...]:
    """Each place once: what several readings of one place agree on is known."""
    from policylint.scan.invocations.commands import merged

    places: dict[object, list[Invocation]] = {}
    failures: dict[RuleFailure, None] = {}
    for each in found:
        if isinstance(each, Invocation):
            places.setdefault(
                (each.line, each.column, each.tool in ("helm", "helmfile")), []
            ).append(each)
        else:
            failures[each] = None
    merged_places = (merged(readings) for readings in places.values())
    return (*sorted(merged_places, key=lambda each: (each.line, each.column)), *failures)


def commands_of(file: Path) -> tuple[Invocation, ...]:
    """The invocations of one file that holds shell commands, whatever its name."""
    from policylint.scan.invocations.commands import shell
    from policylint.scan.texts.text import Text

    source = Source.of(file.name, file.read_bytes())
    found = shell(source, Text.cut(source.text, 0, len(source.text)))
    return tuple(replace(each, source=source) for each in found)
