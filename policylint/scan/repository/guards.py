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
    r"(?<![\w./-])(?:[\w./-]*/)?policylint(?::\S+)?(?:\s+-[\w-]+(?:=\S+)?)*\s+(check|scan)\b"
)
_STEP = pattern(r"^[ \t]*-?[ \t]*uses:\s*[\"']?[\w./-]*policylint[\w./-]*@", re.MULTILINE)
_HOOK = pattern(
    r"^[ \t]*-[ \t]*id:\s*[\"']?policylint(?:-(?P<command>check|scan))?\b", re.MULTILINE
)
_SILENT = pattern(
    r"^[ \t]*(?:#|//|rem\b|-?\s*(?:@?echo|printf)\b|-?\s*(?:name|description):)", re.IGNORECASE
)
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
    is_hooks = PurePosixPath(source.file).name in _HOOKS
    lines = source.text.split("\n")
    for number, line in enumerate(lines, 1):
        if _SILENT.match(line):
            continue
        command, hook = _COMMAND.search(line), is_hooks and _HOOK.match(line)
        if hook:
            yield Guard(source.file, number, "hook", run=Run(hook["command"] or "check"))
        elif command:
            run = run_of(command[1], _continued(lines, number, command.end()))
            if is_hooks:
                yield Guard(source.file, number, "hook", run=run)
                continue
            why, until = flaw(source, number, command.start(), command.end())
            column = command.start() + 1
            yield Guard(source.file, number, "command", column, why, until, run)
        elif _STEP.match(line):
            yield Guard(source.file, number, "step")


def _continued(lines: Sequence[str], number: int, start: int) -> str:
    """The rest of a command from a column of a line (1-based), through the lines it goes on in."""
    text = lines[number - 1][start:].rstrip()
    while text.endswith("\\") and number < len(lines):
        text = f"{text[:-1]} {lines[number].strip()}"
        number += 1
    return text
