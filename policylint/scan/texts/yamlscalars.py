"""Scalars of YAML whose characters know where they stand: for the commands inside pipelines."""

from __future__ import annotations

import re

from policylint.kyaml.nodes import ScalarNode
from policylint.runtime.patterns import pattern
from policylint.scan.texts.text import EMPTY, Text
from policylint.scan.texts.yaml import Tree

_FOLDED = pattern(r"\\(\n[ \t]*+|[xuU]|.)|(?:(?<![ \t])|(?<=\\[ \t]))[ \t]*+\n\s*+")
"""An escape, or the end of a line and the blanks around it, none of which is looked at twice."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": " ", "e": " ", " ": " "}
_LONG = {"x": 2, "u": 4, "U": 8}


def text_of(scalar: Tree) -> Text:
    """A scalar's value as the file spells it, templates left in; empty for what is no scalar."""
    node, page = scalar.node, scalar.page
    if not isinstance(node, ScalarNode):
        return EMPTY
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    raw = Text(
        page.filled.original[start:end], range(scalar.start, scalar.end), "." * (end - start)
    )
    if node.style in ("|", ">"):
        return _block(raw, folded=node.style == ">")
    if node.style == "'":
        return _flow(_unquoted(raw.slice(1, len(raw.text) - 1)))
    if node.style == '"':
        return _double(raw.slice(1, len(raw.text) - 1))
    return _flow(raw)


def _block(raw: Text, *, folded: bool) -> Text:
    header, _, _ = raw.text.partition("\n")
    lines = _lines(raw.slice(len(header) + 1, len(raw.text)))
    full = [len(line.text) - len(line.text.lstrip(" ")) for line in lines if line.text.strip()]
    indent = min(full, default=0)
    body = [line.slice(min(indent, len(line.text)), len(line.text)) for line in lines]
    while body and not body[-1].text.strip():
        body.pop()
    if folded:
        return _fold(body)
    return _join(body)


def _lines(text: Text) -> list[Text]:
    """The lines, each with its line feed."""
    lines, at = [], 0
    for match in re.finditer("\n", text.text):
        lines.append(text.slice(at, match.end()))
        at = match.end()
    if at < len(text.text):
        return [*lines, text.slice(at, len(text.text))]
    return lines


def _join(parts: list[Text]) -> Text:
    return Text(
        "".join(part.text for part in parts),
        tuple(at for part in parts for at in part.at),
        "".join(part.marks for part in parts),
    )


def _fold(body: list[Text]) -> Text:
    """A folded block: a line feed between two plain lines is a blank; more-indented lines keep
    theirs."""
    parts = []
    for index, line in enumerate(body):
        if index + 1 < len(body):
            following = body[index + 1].text
        else:
            following = "\n"
        plain = (
            line.text.strip()
            and following.strip()
            and not line.text[:1].isspace()
            and not following[:1].isspace()
        )
        ends = line.text.endswith("\n")
        parts.append(line.put_char(len(line.text) - 1, " ") if plain and ends else line)
    return _join(parts)


def _flow(raw: Text) -> Text:
    """A plain or quoted scalar over several lines: line ends and the blanks around them are one
    blank."""
    parts, at = [], 0
    for match in re.finditer(r"(?<![ \t])[ \t]*+\n\s*+", raw.text):
        parts.append(raw.slice(at, match.start()))
        char = "\n" if match.group().count("\n") > 1 else " "
        parts.append(Text(char, (raw.at[match.start()],), "."))
        at = match.end()
    return _join([*parts, raw.slice(at, len(raw.text))])


def _unquoted(raw: Text) -> Text:
    parts, at = [], 0
    for match in re.finditer("''", raw.text):
        parts.append(raw.slice(at, match.start() + 1))
        at = match.end()
    return _join([*parts, raw.slice(at, len(raw.text))])


def _double(raw: Text) -> Text:
    """A double-quoted scalar: escapes undone, an escaped line end and the blanks behind it
    dropped."""
    parts, at = [], 0
    for match in _FOLDED.finditer(raw.text):
        if match.start() < at:
            continue
        parts.append(raw.slice(at, match.start()))
        escape, at = match[1], match.end()
        if escape is None:
            char = "\n" if match.group().count("\n") > 1 else " "
        elif escape.startswith("\n"):
            continue
        elif escape in _LONG:
            code = raw.text[at : at + _LONG[escape]]
            at += _LONG[escape]
            if re.fullmatch(r"[0-9a-fA-F]+", code):
                char = chr(int(code, 16))
            else:
                char = "?"
        else:
            char = _ESCAPES.get(escape, escape)
        parts.append(Text(char, (raw.at[match.start()],), "."))
    return _join([*parts, raw.slice(at, len(raw.text))])
