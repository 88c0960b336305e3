"""Dockerfiles, crontabs and package.json: commands in files of a form of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import listed, shell
from policylint.scan.invocations.reader import Found, Reader
from policylint.scan.scripts.ci import words
from policylint.scan.shells.env import Env
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text
from policylint.scan.texts.yaml import roots
from policylint.scan.texts.yamlscalars import text_of

_INSTRUCTION = pattern(
    r"^[ \t]*(RUN|CMD|ENTRYPOINT|ENV|ARG|HEALTHCHECK)[ \t]+((?:[^\n]*\\[ \t]*\n(?:[ \t]*#[^\n]*\n)*)*[^\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
_HEREDOC = pattern(r"<<-?[\"']?(\w+)[\"']?[^\n]*\n(.*?)^\t*\1[ \t]*$", re.MULTILINE | re.DOTALL)
_OPTIONS = pattern(r"(?:--\w[\w-]*=\S+\s+)*")
_WHEN = r"(?:@\w+|(?:[\d*/,A-Za-z-]+[ \t]+){5})"
_USER = r"(?:(?:root|[a-z_][\w-]*)[ \t]+(?=\S*(?:helm|/|sudo|bash|sh\b)))?"
_CRON = pattern(rf"^[ \t]*{_WHEN}[ \t]*{_USER}(.+)$", re.MULTILINE)


def _dockerfile(source: Source) -> Iterator[Found]:
    env = Env()
    text = re.sub(
        r"(?m)^[ \t]*#[^\n]*", lambda match: " " * (len(match.group()) - 1) + "\\", source.text
    )
    for match in _INSTRUCTION.finditer(text):
        kind = match[1].upper()
        start = match.start(2) + len((_OPTIONS.match(match[2]) or [""])[0])
        part = Text.cut(source.text, start, match.end(2))
        part = Text(text[start : match.end(2)], part.at, part.marks)
        if kind in ("ENV", "ARG"):
            for name, value in re.findall(r"(\w+)(?:=|[ \t]+)(\"[^\"]*\"|[^\s\\]+)", part.text):
                env.values[name] = Text.of(value.strip('"'))
            continue
        heredoc = _HEREDOC.search(text, match.start(), len(text)) if "<<" in part.text else None
        if heredoc and heredoc.start() < match.end():
            part = Text.cut(source.text, heredoc.start(2), heredoc.end(2))
        if part.text.startswith("["):
            yield from listed(source, _json(source, part), env.copy())
        else:
            yield from shell(source, part, env.copy())


def _json(source: Source, part: Text) -> Text:
    """The exec form, `["helm", "upgrade"]`, as words."""
    inner = Source(source.file, part.text)
    found = [text_of(item) for root in roots(inner) for item in root.items()]
    moved = [
        Text(each.text, tuple(part.at[at] if at >= 0 else -1 for at in each.at), each.marks)
        for each in found
    ]
    return words(moved)


def _crontab(source: Source) -> Iterator[Found]:
    for match in _CRON.finditer(source.text):
        if "helm" in match[1]:
            yield from shell(source, Text.cut(source.text, match.start(1), match.end(1)))


def _package(source: Source) -> Iterator[Found]:
    for root in roots(source):
        scripts = root.get("scripts")
        for _, value in scripts.pairs() if scripts else ():
            yield from shell(source, text_of(value))


def _is_dockerfile(source: Source) -> bool:
    name = source.name.lower()
    return (
        name in ("dockerfile", "containerfile")
        or name.endswith((".dockerfile", ".containerfile"))
        or (name.startswith(("dockerfile.", "dockerfile-", "containerfile.")))
    )


def _is_crontab(source: Source) -> bool:
    name = source.name.lower()
    return "crontab" in name or name.endswith(".cron") or "/cron.d/" in f"/{source.file}"


READERS = (
    Reader("dockerfile", _is_dockerfile, _dockerfile, rank=1),
    Reader("crontab", _is_crontab, _crontab, rank=1),
    Reader("package.json", lambda source: source.name == "package.json", _package, rank=1),
)
