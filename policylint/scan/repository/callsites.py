"""Which files of a repository run which others: scripts, make targets, local actions, reusable
workflows."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.runtime.patterns import pattern
from policylint.scan.repository.jobs import CI, MAKE, TASKS, Parts
from policylint.scan.texts.source import Source

_SILENT = pattern(r"^\s*(?:#|//|-?\s*(?:@?echo|printf)\b|-?\s*(?:name|description):)")
_SCRIPT = pattern(
    r"(?:^|[\s\"'`(;&|=@-])(?P<path>(?:\.{0,2}/)?(?:[\w.$-]{1,255}/)*[\w.-]{1,255})(?=$|[\s\"'`);&|])"
)
_USES = pattern(r"uses:\s*[\"']?\./(?P<path>[\w./-]+)")
_MAKE = pattern(
    r"(?:^|[\s\"'@;&|(])(?:\$\(MAKE\)|\$\{MAKE\}|g?make|just|go-task|task)"
    r"(?P<words>(?:\s+[^\s;&|\"'`)]+)*)"
)
_FUNCTION = pattern(
    r"^\s*(?:function\s+)?(?P<name>[\w-]+)\s*\(\)\s*\{?|^\s*function\s+(?P<keyword_name>[\w-]+)\s*\{?"
)


_MOST = 20
"""Calls of one function that are followed: a helper called everywhere tells nothing."""


class CallSite(Struct, frozen=True):
    """A line that runs a part of another file; `part` is "" for the whole of it."""

    file: str
    line: int
    column: int
    end: int
    to: str
    part: str = ""


def calls(source: Source, files: Mapping[str, Parts]) -> Iterator[CallSite]:
    """Each call of one of these files (each with its parts) from a file."""
    known = {posixpath.basename(name) for name in files}
    for number, line in enumerate(source.text.split("\n"), 1):
        if _SILENT.match(line):
            continue
        for to, part, start, end in (
            *_uses(line, files),
            *_made(source, line, files),
            *_scripts(line, files, known),
        ):
            if (to, part) != (source.file, ""):
                yield CallSite(source.file, number, start + 1, end, to, part)


Target = tuple[str, str, int, int]


def _uses(line: str, files: Mapping[str, Parts]) -> Iterator[Target]:
    """A local action or a reusable workflow."""
    used = _USES.search(line)
    if used is None:
        return
    path = used["path"]
    for name in (path, f"{path}/action.yml", f"{path}/action.yaml"):
        clean = posixpath.normpath(name)
        if clean in files:
            yield clean, "", used.start(), used.end()


def _made(source: Source, line: str, files: Mapping[str, Parts]) -> Iterator[Target]:
    """The targets that make, just or task is asked for."""
    for call in _MAKE.finditer(line):
        words = call["words"].split()
        folders = _folders(source, words)
        for name, parts in files.items():
            if _is_targets(name) and posixpath.dirname(name) in folders:
                yield from _targets(name, parts, line, call)


def _targets(name: str, parts: Parts, line: str, call: re.Match[str]) -> Iterator[Target]:
    words = call["words"].split()
    for target in words:
        if target in parts.by_name:
            yield name, target, line.index(target, call.start("words")), call.end()
    if not words:  # the first target is the default
        for target in list(parts.by_name)[:1]:
            yield name, target, call.start(), call.end()


def _folders(source: Source, words: list[str]) -> tuple[str, ...]:
    """Where the file of targets may lie: where `-C` says, or beside the caller (of a CI file: at
    the top)."""
    if "-C" in words[:-1]:
        folder = words[words.index("-C") + 1]
    else:
        folder = ""
    if CI.search(source.file):
        here = ""
    else:
        here = posixpath.dirname(source.file)
    return (posixpath.normpath(folder).strip("."), folder, here)


def _is_targets(name: str) -> bool:
    return bool(MAKE.search(name) or TASKS.search(name))


def _scripts(line: str, files: Mapping[str, Parts], known: set[str]) -> Iterator[Target]:
    for match in _SCRIPT.finditer(line):
        path = match["path"]
        name = posixpath.basename(path)
        is_bare = "/" not in path and "." not in name  # a bare word is a word of something else
        if name not in known or is_bare:
            continue
        tail = re.sub(r"^(?:\$\w+/|\.{1,2}/)+", "", path)
        for file in files:
            if f"/{file}".endswith(f"/{tail}") and not (_is_targets(file) or CI.search(file)):
                yield file, "", match.start("path"), match.end("path")


def runs_at(source: Source, line: int) -> tuple[int, ...]:
    """The lines at which a line of a script really runs: where the function around it is called,
    else itself."""
    if source.suffix in (".yaml", ".yml") or MAKE.search(source.file):
        return (line,)
    lines = source.text.split("\n")
    name = _function(lines, line)
    if not name:
        return (line,)
    callers = list(_callers(lines, name))
    if len(callers) > _MOST:
        return (line,)
    places: list[int] = []
    for caller in callers:
        places += runs_at(source, caller)
    return tuple(places)


def _callers(lines: list[str], name: str) -> Iterator[int]:
    """The lines that call a shell function, its own body and definitions left out."""
    call = re.compile(rf"(?:^|[\s;&|!(\"'])\s*{re.escape(name)}(?![\w-]|\s*\(\))")
    for at, text in enumerate(lines, 1):
        if not call.search(text) or text.lstrip().startswith("#") or _FUNCTION.match(text):
            continue
        if _function(lines, at) != name:
            yield at


def _function(lines: list[str], line: int) -> str:
    """The name of the shell function whose body holds a line; it ends at the first line that is a
    closing brace."""
    for at in range(line - 1, 0, -1):
        text = lines[at - 1]
        if re.match(r"^\}", text):
            return ""
        head = _FUNCTION.match(text)
        if head and not text.startswith((" ", "\t")) and "}" not in text:
            return head["name"] or head["keyword_name"]
    return ""


def words_for(file: str) -> tuple[str, ...]:
    """The words that a file names this one by, if it runs it: a script's name, make, an action's
    directory."""
    name = posixpath.basename(file)
    if TASKS.search(file):
        return ("task",)
    if MAKE.search(file):
        if "just" in name.lower():
            return ("just",)
        return ("make",)
    if name in ("action.yml", "action.yaml"):
        return (posixpath.basename(posixpath.dirname(file)) or name,)
    return (name,)
