"""Dockerfiles: RUN, CMD, ENTRYPOINT and HEALTHCHECK, with the variables set above them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import listed, shell
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.scripts.ci import words
from policylint.scan.shells.env import Env
from policylint.scan.texts.pipelines import roots
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text
from policylint.scan.texts.yamlscalars import text_of

_INSTRUCTION = pattern(
    r"^[ \t]*(RUN|CMD|ENTRYPOINT|ENV|ARG|HEALTHCHECK)[ \t]+"
    r"((?:[^\n]*\\[ \t]*\n(?:[ \t]*#[^\n]*\n)*)*[^\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
_HEREDOC = pattern(r"<<-?[\"']?(\w++)[\"']?[^\n]*\n")
_WORD = pattern(r"^\t*(\w++)[ \t]*$", re.MULTILINE)
"""A line that may end a here-document."""
_OPTIONS = pattern(r"(?:--\w[\w-]*=\S+\s+)*")


def _dockerfile(source: Source) -> Iterator[Reading]:
    env = Env()
    text = re.sub(
        r"(?m)^[ \t]*#[^\n]*", lambda match: " " * (len(match.group()) - 1) + "\\", source.text
    )
    ends = _ends(text) if "<<" in text else {}
    for match in _INSTRUCTION.finditer(text):
        kind = match[1].upper()
        start = match.start(2) + len((_OPTIONS.match(match[2]) or [""])[0])
        part = Text.cut(source.text, start, match.end(2))
        part = Text(text[start : match.end(2)], part.at, part.marks)
        if kind in ("ENV", "ARG"):
            for name, value in re.findall(
                r"(?<!\w)(\w+)(?:=|[ \t]+)(\"[^\"]*\"|[^\s\\]+)", part.text
            ):
                env.values[name] = Text.of(value.strip('"'))
            continue
        if "<<" in part.text and (heredoc := _heredoc(text, ends, match.start(), match.end())):
            part = Text.cut(source.text, *heredoc)
        if part.text.startswith("["):
            yield from listed(source, _json(source, part), env.copy())
        else:
            yield from shell(source, part, env.copy())


def _ends(text: str) -> dict[str, list[int]]:
    """Where the lines begin that hold nothing but a word, by word."""
    ends: dict[str, list[int]] = {}
    for line in _WORD.finditer(text):
        ends.setdefault(line[1], []).append(line.start())
    return ends


def _heredoc(
    text: str, ends: Mapping[str, Sequence[int]], start: int, end: int
) -> tuple[int, int] | None:
    """Where the here-document that opens between two places stands; `ends` are the lines that may
    end one, by word."""
    opening = _HEREDOC.search(text, start, text.find("\n", end) + 1 or len(text))
    if opening is None or opening.start() >= end:
        return None
    lines = ends.get(opening[1], ())
    number = bisect_left(lines, opening.end())
    return (opening.end(), lines[number]) if number < len(lines) else None


def _json(source: Source, part: Text) -> Text:
    """The exec form, `["helm", "upgrade"]`, as words that stand where they stand in the file."""
    inner = Source(source.file, part.text)
    items = [text_of(item) for root in roots(inner) for item in root.items()]
    return words(Text(item.text, _moved(item, part), item.marks) for item in items)


def _moved(item: Text, part: Text) -> tuple[int, ...]:
    return tuple(part.at[at] if at >= 0 else -1 for at in item.at)


READER = Reader(_dockerfile)
