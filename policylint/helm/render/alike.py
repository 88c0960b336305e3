"""Whether two charts render alike, told without rendering: most releases of a repository are not
touched by a change, and helm need not print them twice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from msgspec.structs import replace

from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.render.double import can_differ

_PLACES = {
    **{"chart": "", "values": ValuesInput(), "label": "", "root": "", "copies": (), "notes": ()},
    "reference": None,
}
"""What may differ between two sides that render alike: where their files are, and what is said."""


def renders_alike(before: ChartSide, after: ChartSide) -> bool:
    """Whether helm prints the same of both: the same flags, files of the same content, and no
    function in them whose result differs from call to call.

    False where that cannot be told: charts that are not at hand, links, arguments of the user's.
    """
    if after.extra or replace(before, **_PLACES) != replace(after, **_PLACES):
        return False
    try:
        return (
            _same_values(before.values, after.values)
            and _same_chart(before.chart, after.chart)
            and not can_differ(after)
        )
    except OSError:  # helm says what is wrong with it
        return False


def _same_values(before: ValuesInput, after: ValuesInput) -> bool:
    if _arguments(before) != _arguments(after) or len(before.named) != len(after.named):
        return False
    return all(map(_same_file, before.named, after.named))


def _arguments(values: ValuesInput) -> ValuesInput:
    """The values without the names of files."""
    return replace(values.with_set_files(lambda _: ""), files=())


def _same_chart(before: str, after: str) -> bool:
    old, new = Path(before), Path(after)
    if not (old.is_dir() and new.is_dir()):
        return _same_file(old, new)
    pairs = zip_longest(_files(old), _files(new))
    return all(
        here is not None
        and there is not None
        and here.relative_to(old) == there.relative_to(new)
        and _same_file(here, there)
        for here, there in pairs
    )


def _files(directory: Path) -> Iterator[Path]:
    """The files of a directory, those of a chart itself first; raises OSError for anything that is
    neither a file nor a directory."""
    entries = sorted(directory.iterdir())
    for entry in entries:
        if entry.is_symlink() or not (entry.is_file() or entry.is_dir()):
            raise OSError(f"{entry} is no plain file")
        if entry.is_file():
            yield entry
    for entry in entries:
        if entry.is_dir():
            yield from _files(entry)


def _same_file(before: str | Path, after: str | Path) -> bool:
    """Whether two plain files hold the same; False for a pipe, which can be read but once."""
    old, new = Path(before), Path(after)
    if not (old.is_file() and new.is_file()) or old.stat().st_size != new.stat().st_size:
        return False
    return old.read_bytes() == new.read_bytes()
