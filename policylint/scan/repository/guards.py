"""Where a file runs `policylint check` or `scan`, and whether a finding of it stops what
follows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.runtime.patterns import pattern
from policylint.scan.repository.directories import directory_at
from policylint.scan.repository.jobs import parts_of
from policylint.scan.repository.judged import Run, lacks_shards, run_of
from policylint.scan.repository.swallowed import flaw
from policylint.scan.texts.source import Source

_COMMAND = pattern(
    r"(?<![\w./-])(?:[\w./-]*/)?policylint(?:\[[\w,]+\])?(?:(?:[:@]|[=<>~!]=)\S+)?[\"']?(?:\s+-[\w-]+(?:=\S+)?)*\s+(check|scan)\b"
)
_STEP = pattern(r"^[ \t]*-?[ \t]*uses:\s*[\"']?[\w./-]*policylint[\w./-]*@", re.MULTILINE)
_HOOK = pattern(
    r"^[ \t]*-[ \t]*id:\s*[\"']?policylint(?:-(?P<command>check|scan))?\b", re.MULTILINE
)
_SILENT = pattern(
    r"^[ \t]*(?:#|//|rem\b|-?\s*(?:run:\s*)?(?:@?echo|printf)\b|-?\s*(?:name|description):)",
    re.IGNORECASE,
)
_MOST = 1_000
"""Jobs of a matrix that are looked at."""
_COMMENT = pattern(r"\s#")
_HOOKS = (".pre-commit-config.yaml", ".pre-commit-config.yml", "lefthook.yml", "lefthook.yaml")


class Guard(Struct, frozen=True):
    """A place where policylint is run: `kind` is command, step (a CI action) or hook (before a
    commit).

    `flaw` says why its answer stops nothing, "" where it does; `until` is the last line that it
    guards, 0 for all.
    """

    file: str
    line: int
    kind: str
    column: int = 1
    flaw: str = ""
    until: int = 0
    run: Run = Run("scan")
    """What it judges; a CI action runs both."""


def guards(source: Source) -> Iterator[Guard]:
    """Where a file runs `policylint check` or `scan`; printed text, comments and names are none."""
    if "policylint" not in source.text:
        return
    every = tuple(_guards(source))
    runs = [guard.run for guard in every]
    for guard in every:
        yield replace(guard, flaw=guard.flaw or lacks_shards(guard.run, runs))


def _guards(source: Source) -> Iterator[Guard]:
    guard_of = _hook if PurePosixPath(source.file).name in _HOOKS else _job_line
    lines = source.text.split("\n")
    for number, line in enumerate(lines, 1):
        if not _SILENT.match(line):
            yield from guard_of(source, lines, number)


def _hook(source: Source, lines: Sequence[str], number: int) -> Iterator[Guard]:
    line = lines[number - 1]
    hook, command = _HOOK.match(line), _command(line)
    if hook:
        yield Guard(source.file, number, "hook", run=Run(hook["command"] or "check"))
    elif command:
        run = run_of(command[1], _continued(lines, number, command.end()))
        yield Guard(source.file, number, "hook", flaw=run.flaw, run=run)


def _job_line(source: Source, lines: Sequence[str], number: int) -> Iterator[Guard]:
    line = lines[number - 1]
    command = _command(line)
    if command:
        place = _place(source, number, command.start())
        why, until = flaw(source, number, command.start(), command.end())
        column = command.start() + 1
        for text in _of_matrix(source, number, _continued(lines, number, command.end())):
            run = replace(run_of(command[1], text), **place)
            yield Guard(source.file, number, "command", column, run.flaw or why, until, run)
    elif _STEP.match(line):
        yield Guard(source.file, number, "step")


def _of_matrix(source: Source, number: int, text: str) -> list[str]:
    """The words behind a command as each job of a matrix around them has them."""
    part = parts_of(source).at(number)
    texts = [text]
    for name, values in part.matrix.items() if part else ():
        expression = re.compile(rf"\$\{{\{{\s*matrix\.{re.escape(name)}\s*\}}\}}")
        if expression.search(text):
            texts = list(islice(_filled(texts, expression, values), _MOST))
    return texts


def _filled(
    texts: Sequence[str], expression: re.Pattern[str], values: Sequence[str]
) -> Iterator[str]:
    """Each text with each of the values in place of an expression."""
    for text in texts:
        for value in values:
            yield value.join(expression.split(text))


def _place(source: Source, number: int, start: int) -> dict[str, Any]:
    """Where a run at a column of a line (1-based) is run; it may be anywhere where a variable
    says."""
    directory = directory_at(source, number, start)
    if directory is None:
        return {"is_untold": True}
    return {"directory": directory}


def _command(line: str) -> re.Match[str] | None:
    """The run of policylint of a line, which no comment holds."""
    comment = _COMMENT.search(line)
    return _COMMAND.search(line, 0, comment.start() if comment else len(line))


def _continued(lines: Sequence[str], number: int, start: int) -> str:
    """The rest of a command from a column of a line (1-based), through the lines it goes on in."""
    text = lines[number - 1][start:].rstrip()
    while text.endswith("\\") and number < len(lines):
        text = f"{text[:-1]} {lines[number].strip()}"
        number += 1
    return text
