"""Where a file runs `policylint check` or `scan`, and whether a finding of it stops what
follows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from policylint.runtime.patterns import pattern
from policylint.scan.repository.judged import Run, run_of
from policylint.scan.repository.swallowed import flaw
from policylint.scan.texts.source import Source

_COMMAND = pattern(
    r"(?<![\w./-])(?:[\w./-]*/)?policylint(?:[:@]\S+)?(?:\s+-[\w-]+(?:=\S+)?)*\s+(check|scan)\b"
)
_STEP = pattern(r"^[ \t]*-?[ \t]*uses:\s*[\"']?[\w./-]*policylint[\w./-]*@", re.MULTILINE)
_HOOK = pattern(
    r"^[ \t]*-[ \t]*id:\s*[\"']?policylint(?:-(?P<command>check|scan))?\b", re.MULTILINE
)
_SILENT = pattern(
    r"^[ \t]*(?:#|//|rem\b|-?\s*(?:run:\s*)?(?:@?echo|printf)\b|-?\s*(?:name|description):)",
    re.IGNORECASE,
)
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
    guard_of = _hook if PurePosixPath(source.file).name in _HOOKS else _job_line
    lines = source.text.split("\n")
    for number, line in enumerate(lines, 1):
        guard = None if _SILENT.match(line) else guard_of(source, lines, number)
        if guard is not None:
            yield guard


def _hook(source: Source, lines: Sequence[str], number: int) -> Guard | None:
    line = lines[number - 1]
    hook, command = _HOOK.match(line), _command(line)
    if hook:
        return Guard(source.file, number, "hook", run=Run(hook["command"] or "check"))
    if command:
        run = run_of(command[1], _continued(lines, number, command.end()))
        return Guard(source.file, number, "hook", flaw=run.flaw, run=run)
    return None


def _job_line(source: Source, lines: Sequence[str], number: int) -> Guard | None:
    line = lines[number - 1]
    command = _command(line)
    if command:
        run = run_of(command[1], _continued(lines, number, command.end()))
        why, until = flaw(source, number, command.start(), command.end())
        column = command.start() + 1
        return Guard(source.file, number, "command", column, run.flaw or why, until, run)
    if _STEP.match(line):
        return Guard(source.file, number, "step")
    return None


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
