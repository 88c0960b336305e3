"""Markdown: the fenced and indented code blocks of shell commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import shell
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.scripts.powershell import powershell
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import HOLE, Text

if TYPE_CHECKING:
    from markdown_it.token import Token

_SHELLS = (
    "",
    "sh",
    "bash",
    "shell",
    "console",
    "zsh",
    "terminal",
    "shell-session",
    "shellsession",
    "sh-session",
    "bash-session",
    "text",
    "txt",
    "cmd",
    "command",
    "commandline",
    "none",
    "plaintext",
    "plain",
    "helm",
)
_NO_LANGUAGE = ("", "text", "txt", "none", "plaintext", "plain")
_POWERSHELL = ("powershell", "pwsh", "ps1", "posh")
_PROMPT = pattern(r"^[ \t]*(?:[\w.@:~/-]*[$%#>❯➜][ \t]+)(?=\S)")
_PLACEHOLDER = pattern(
    r"(?<![<\d])<[A-Za-z][\w ./:-]*>|(?:^|(?<=[\s=]))\[[A-Za-z][\w ./:-]*\](?=[\s.,]|$)"
)
_START = pattern(
    r"^[ \t]*(?:sudo\s+|(?:local\s+)?\w+=\"?\$\()?(?:helm|helmfile|microk8s)\s", re.MULTILINE
)


def _read(source: Source) -> Iterator[Reading]:
    ends = (match.end() for match in re.finditer("\n", source.text))
    starts = [0, *ends, len(source.text) + 1]
    for token in _code(source):
        is_fence = token.type == "fence"
        language = _language(token.info) if is_fence else ""
        # the content of a fence begins on the line below it
        first = token.map[0] + is_fence if token.map else 0
        text = _located(starts, first, token.content)
        if language in _POWERSHELL:
            yield from powershell(source, _placeholders(text), {})
        elif language in _SHELLS and (language not in _NO_LANGUAGE or _commands(text)):
            yield from shell(source, _placeholders(_session(text)))


def _code(source: Source) -> Iterator[Token]:
    """The blocks of code that name helm."""
    from markdown_it import MarkdownIt

    for token in MarkdownIt("commonmark").parse(source.text):
        if token.type in ("fence", "code_block") and "helm" in token.content.lower() and token.map:
            yield token


def _language(info: str) -> str:
    """The first word behind the fence."""
    return re.split(r"[\s{,:]", info.strip().lower())[0]


def _placeholders(text: Text) -> Text:
    """`<release-name>` and `[release name]` stand for what a reader fills in; a shell would read
    them otherwise."""
    for match in _PLACEHOLDER.finditer(text.text):
        text = text.put(match.start(), match.end(), HOLE)
    return text


def _commands(text: Text) -> bool:
    """Whether a block of no stated language is a list of commands: a line begins with helm."""
    return any(_START.match(_PROMPT.sub("", line)) for line in text.text.split("\n"))


def _located(starts: list[int], first: int, content: str) -> Text:
    """A block's content with the positions of its lines, which a list or a quote indents."""
    at: list[int] = []
    for index, line in enumerate(content.split("\n")):
        if first + index + 1 >= len(starts):
            at += [-1] * (len(line) + 1)
            continue
        start, end = starts[first + index], starts[first + index + 1] - 1
        lead = max(end - start - len(line), 0)
        at += range(start + lead, start + lead + len(line) + 1)
    return Text(content, tuple(at[: len(content)]), "." * len(content))


def _session(text: Text) -> Text:
    """A console session: with prompts, only what follows one is a command; without, every line
    is."""
    lines = list(re.finditer(r"(?:\\\n|[^\n])+", text.text))
    prompted = any(re.match(r"[ \t]*(?:[\w.@:~/-]*[$%❯➜])[ \t]+\S", line.group()) for line in lines)
    if not prompted:
        return text
    for line in lines:
        prompt = re.match(r"[ \t]*(?:[\w.@:~/-]*[$%❯➜]|[\w.@:~/-]+#)[ \t]+(?=\S)", line.group())
        if prompt:
            text = text.put(line.start(), line.start() + prompt.end(), " ")
        elif line.group().strip():
            text = text.put(line.start(), line.end(), " ")
    return text


READER = Reader(_read)
