"""Where a file runs `policylint check` or `scan`, and whether a finding of it stops what
follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from msgspec import Struct

from policylint.runtime.patterns import pattern
from policylint.scan.repository.swallowed import flaw
from policylint.scan.texts.source import Source

_COMMAND = pattern(
    r"(?<![\w./-])(?:[\w./-]*/)?policylint(?::\S+)?(?:\s+-[\w-]+(?:=\S+)?)*\s+(check|scan)\b"
)
_STEP = pattern(r"^[ \t]*-?[ \t]*uses:\s*[\"']?[\w./-]*policylint[\w./-]*@", re.MULTILINE)
_HOOK = pattern(
    r"^[ \t]*-[ \t]*id:\s*[\"']?policylint\b|^[ \t]*-?[ \t]*repo:\s*\S*/policylint\b", re.MULTILINE
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


def guards(source: Source) -> Iterator[Guard]:
    """Where a file runs `policylint check` or `scan`; printed text, comments and names are none."""
    if "policylint" not in source.text:
        return
    is_hooks = PurePosixPath(source.file).name in _HOOKS
    for number, line in enumerate(source.text.split("\n"), 1):
        if _SILENT.match(line):
            continue
        command = _COMMAND.search(line)
        if is_hooks and (_HOOK.match(line) or command):
            yield Guard(source.file, number, "hook")
        elif command:
            why, until = flaw(source, number, command.start(), command.end())
            yield Guard(source.file, number, "command", command.start() + 1, why, until)
        elif _STEP.match(line):
            yield Guard(source.file, number, "step")
