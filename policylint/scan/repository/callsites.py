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
    r"(?:^|[\s\"'`(;&|=@-])(?P<path>(?:\.{0,2}/)?(?:[\w.$-]+/)*[\w.-]+)(?=$|[\s\"'`);&|])"
)
_USES = pattern(r"uses:\s*[\"']?\./(?P<path>[\w./-]+)")
_MAKE = pattern(
    r"(?:^|[\s\"'@;&|(])(?:\$\(MAKE\)|\$\{MAKE\}|g?make|just|go-task|task)(?P<words>(?:\s+[^\s;&|\"'`)]+)*)"
)
_FUNCTION = pattern(
    r"^\s*(?:function\s+)?(?P<name>[\w-]+)\s*\(\)\s*\{?|^\s*function\s+(?P<other>[\w-]+)\s*\{?"
)


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
    found = _USES.search(line)
    for name in (
        (found["path"], f"{found['path']}/action.yml", f"{found['path']}/action.yaml")
        if found
        else ()
    ):
        clean = posixpath.normpath(name)
        if found and clean in files:
            yield clean, "", found.start(), found.end()


def _made(source: Source, line: str, files: Mapping[str, Parts]) -> Iterator[Target]:
    for found in _MAKE.finditer(line):
        words = found["words"].split()
        folder = next((words[at + 1] for at, word in enumerate(words[:-1]) if word == "-C"), "")
        here = posixpath.dirname(source.file) if not CI.search(source.file) else ""
        for name, parts in files.items():
            if not (MAKE.search(name) or TASKS.search(name)) or posixpath.dirname(name) not in (
                posixpath.normpath(folder).strip("."),
                folder,
                here,
            ):
                continue
            targets = [word for word in words if word in parts.by_name]
            yield from (
                (name, target, line.index(target, found.start("words")), found.end())
                for target in targets
            )
            if not targets and not words:
                yield from (
                    (name, target, found.start(), found.end()) for target in list(parts.by_name)[:1]
                )


def _scripts(line: str, files: Mapping[str, Parts], known: set[str]) -> Iterator[Target]:
    for found in _SCRIPT.finditer(line):
        path = found["path"]
        name = posixpath.basename(path)
        if name not in known or (
            "/" not in path and "." not in name
        ):  # a bare word is a word of something else
            continue
        tail = re.sub(r"^(?:\$\w+/|\.{1,2}/)+", "", path)
        for file in files:
            if (file == tail or file.endswith(f"/{tail}")) and not any(
                kind.search(file) for kind in (MAKE, TASKS, CI)
            ):
                yield file, "", found.start("path"), found.end("path")


def runs_at(source: Source, line: int) -> tuple[int, ...]:
    """The lines at which a line of a script really runs: where the function around it is called,
    else itself."""
    if source.suffix in (".yaml", ".yml") or MAKE.search(source.file):
        return (line,)
    lines = source.text.split("\n")
    name = _function(lines, line)
    if not name:
        return (line,)
    call = re.compile(rf"(?:^|[\s;&|!(\"'])\s*{re.escape(name)}(?![\w-]|\s*\(\))")
    found = [
        at
        for at, text in enumerate(lines, 1)
        if call.search(text) and not text.lstrip().startswith("#")
    ]
    outside = [
        at for at in found if _function(lines, at) != name and not _FUNCTION.match(lines[at - 1])
    ]
    return (
        tuple(each for at in outside for each in runs_at(source, at))
        if len(outside) <= 20
        else (line,)
    )


def _function(lines: list[str], line: int) -> str:
    """The name of the shell function whose body holds a line; it ends at the first line that is a
    closing brace."""
    for at in range(line - 1, 0, -1):
        text = lines[at - 1]
        if re.match(r"^\}", text):
            return ""
        found = _FUNCTION.match(text)
        if found and not text.startswith((" ", "\t")) and "}" not in text:
            return found["name"] or found["other"]
    return ""


def words_for(file: str) -> tuple[str, ...]:
    """The words that a file names this one by, if it runs it: a script's name, make, an action's
    directory."""
    name = posixpath.basename(file)
    if MAKE.search(file) or TASKS.search(file):
        return (
            ("just",) if "just" in name.lower() else ("task",) if TASKS.search(file) else ("make",)
        )
    if name in ("action.yml", "action.yaml"):
        return (posixpath.basename(posixpath.dirname(file)) or name,)
    return (name,)
