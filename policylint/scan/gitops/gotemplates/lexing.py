"""The tokens of a Go template: text/template/parse/lex.go.

A token is (kind, text). What stands between actions has the kind `text`; `left` and `right` are the
delimiters of an action. Comments are none.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from policylint.runtime.patterns import pattern
from policylint.scan.gitops.gotemplates.model import TemplateError

Token = tuple[str, str]
Delimiters = tuple[str, str]

BRACES: Delimiters = ("{{", "}}")
_SPACE = " \t\r\n"
_TOKEN = pattern(
    r"""
      (?P<space>[ \t\r\n]++)
    | (?P<string>"(?:[^"\\\n]|\\.)*+")
    | (?P<raw>`[^`]*+`)
    | (?P<char>'(?:[^'\\\n]|\\.[0-9a-fA-F]*+)')
    | (?P<declare>:=)
    | (?P<assign>=)
    | (?P<pipe>\|)
    | (?P<comma>,)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<variable>\$\w*+)
    | (?P<number>[+-]?(?:0[xX][0-9a-fA-F]++|[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)
    | (?P<field>\.[^\W\d]\w*+)
    | (?P<dot>\.)
    | (?P<word>[^\W\d]\w*+)
    """,
    re.VERBOSE,
)


_BLANK = pattern(rf"[{_SPACE}]*+")


def tokens(text: str, delimiters: Delimiters = BRACES) -> Iterator[Token]:
    """The tokens of a text. Raises TemplateError."""
    left, right = delimiters
    end = re.compile(rf"(?:[{_SPACE}]++(?P<trim>-)|[{_SPACE}]*+){re.escape(right)}")
    at = 0
    while (start := text.find(left, at)) >= 0:
        written = text[at:start]
        at = start + len(left)
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] in tuple(_SPACE):
            written = written.rstrip(_SPACE)
            at += 2
        yield "text", written
        if text.startswith("/*", at):
            closing = _comment_end(text, at, end)
        else:
            yield "left", left
            closing = yield from _action(text, at, end)
            yield "right", right
        at = closing.end()
        if closing["trim"]:
            at = _end(_BLANK.match(text, at), at)
    yield "text", text[at:]


def _action(text: str, at: int, end: re.Pattern[str]) -> Generator[Token, None, re.Match[str]]:
    """The tokens of one action; returns the match of its end."""
    while (closing := end.match(text, at)) is None:
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise TemplateError(f"an action that is not understood: {text[at : at + 40]!r}")
        yield token.lastgroup, token[0]
        at = token.end()
    return closing


def _end(match: re.Match[str] | None, otherwise: int) -> int:
    return match.end() if match else otherwise


def _comment_end(text: str, at: int, end: re.Pattern[str]) -> re.Match[str]:
    at = text.find("*/", at) + 2
    closing = end.match(text, at)
    if at < 2 or closing is None:
        raise TemplateError("a comment of a template that does not end")
    return closing
