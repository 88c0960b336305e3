"""The directory in which a line of a script, a pipeline or a Makefile runs, as the file says it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from policylint.runtime.patterns import pattern
from policylint.scan.repository.jobs import MAKE, parts_of
from policylint.scan.texts.source import Source

_CHANGE = pattern(r"(?:^|[\s;&|(\"'])(?:(?:cd|pushd)\s+(?P<to>[^\s;&|)\"']+)|(?P<back>popd)\b)")
_SUBSHELL = pattern(r"\([^()]*\)")
_UNTOLD = pattern(r"[$`~*%]|^[-/]|\{\{")


def directory_at(source: Source, number: int, column: int) -> str | None:
    """Where what stands at a column of a line (1-based) runs, from the top of the repository; None
    where that cannot be told."""
    start, first = _start(source, number)
    lines = source.text.split("\n")
    places = [start]
    for line in (*lines[first - 1 : number - 1], lines[number - 1][:column]):
        for to in _changes(line):
            if _UNTOLD.search(to):
                return None
            if to:
                places.append(posixpath.join(places[-1], to))
            elif len(places) > 1:
                places.pop()
    if _UNTOLD.search(places[-1]):
        return None
    return posixpath.normpath(places[-1]).removeprefix(".") if places[-1] else ""


def _start(source: Source, number: int) -> tuple[str, int]:
    """(the directory in which the shell around a line starts, the line at which it does)."""
    if MAKE.search(source.file):  # a shell of its own for each line
        return posixpath.dirname(source.file), number
    part = parts_of(source).at(number)
    if part is None:
        return "", 1
    step = part.step(number)
    if step is None:
        return part.directory, part.first
    return step.directory or part.directory, step.first


def _changes(line: str) -> Iterator[str]:
    """Where each `cd` and `pushd` of a line goes, "" for `popd`; those of a subshell that ends in
    it count no more."""
    if line.lstrip().startswith("#"):
        return
    for change in _CHANGE.finditer(_SUBSHELL.sub("", line)):
        yield change["to"] or ""
