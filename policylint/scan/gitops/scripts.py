"""Files of a repository that may run a program: scripts and pipelines, and no documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.scan.gitops.tree import Tree
from policylint.scan.repository.listing import settings

_NO_SCRIPT = (".tpl", ".json", ".lock", ".tf", ".tofu", ".txt", ".sum", ".mod")
_CONTINUED = re.compile(r"[\\`^][ \t]*\r?\n|&&[ \t]*\r?\n")


def running(tree: Tree, program: re.Pattern[str], verb: re.Pattern[str]) -> Iterator[str]:
    """The files with a line, continued ones joined, in which a verb follows the program."""
    for name in tree.names:
        if name.endswith(_NO_SCRIPT) or _is_aside(name):
            continue
        text = tree.text(name)
        if text is not None and program.search(text) and _runs(text, program, verb):
            yield name


def _runs(text: str, program: re.Pattern[str], verb: re.Pattern[str]) -> bool:
    for line in _CONTINUED.sub(" ", text).splitlines():
        start = program.search(line)
        if start and verb.search(line, start.end()):
            return True
    return False


def _is_aside(name: str) -> bool:
    """Whether a file is documentation, a test fixture or vendored."""
    aside = settings()["aside"]
    folders = set(name.lower().split("/")[:-1])
    return name.lower().endswith(tuple(aside["endings"])) or bool(folders & set(aside["folders"]))
