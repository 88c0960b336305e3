"""Shell text as tree-sitter-bash parses it, whatever templates and odd characters it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from policylint.runtime.patterns import pattern
from policylint.scan.texts.grammars import parser
from policylint.scan.texts.text import EMPTY, HOLE, TAIL, Text, filled, rewritten

if TYPE_CHECKING:
    from tree_sitter import Node

_TEMPLATE = pattern(
    # ${{ github }} {{ go, jinja, just }}
    r"\$?\{\{(?>\"[^\"\n]*\"|`[^`]*`|(?!\}\}|\{\{)[^\n]){0,5000}+\}\}"
    r"|<<\s*(?:parameters|pipeline|matrix)\.[\w.-]+\s*>>"  # << circleci >>
    r"|<<<[ ]?[\w .-]+[ ]?>>>|<%=?(?:(?!%>|<%)[^\n]){0,5000}+%>"  # <<< name >>> <%= erb %>
)
_CONTROL = pattern(r"\{%(?:(?!%\}|\{%)[^\n]){0,5000}+%\}|\{#(?:(?!#\}|\{#)[^\n]){0,5000}+#\}")
_SOMETIMES = pattern(
    r"(\{%[-+]?\s*if\b(?:(?!%\})[^\n]){0,5000}+%\}|\{\{-?\s*if\b(?:(?!\}\})[^\n]){0,5000}+\}\})"
    r"(\s*-(?:(?!\{%|\{\{-?\s*(?:if|else|end)\b).)*+)"
    r"(\{%[-+]?\s*endif\s*[-+]?%\}|\{\{-?\s*end\s*-?\}\})",
    re.DOTALL,
)
"""Flags between a template's if and its end."""
_LOGICAL = pattern(r"^(?:[ \t]*#[^\n]*|(?:[^\\\n]|\\[^\n]|\\\n)*+)(?:\n|\\?\Z)", re.MULTILINE)
"""A comment, or a line with those that it goes on in."""
_CUT = pattern(r"(?<=[^\s\\])\\\n(?=\S)")
_MAYBE_TORN = pattern(r"[^\s$\"'({]\$[A-Za-z_]\w*+[^\s\w;|&\"'`)]")
_NAME = pattern(r"\w+")
_RUN_ON = pattern(r"[ \t\n](?:\\\n|[^\\\n])*?\n|\n")
"""Between two words of a command: the end of a line that does not go on in the next."""
_MENDS = 8
"""How many times a text is written again; what is mistaken still stays so."""


def parse(text: Text) -> Node:
    """The syntax tree; a node's bytes are the text's characters, since each is handed over as one
    byte."""
    data = text.text.replace(HOLE, "H").replace(TAIL, "H").encode("ascii", "replace")
    root: Node = (
        parser("tree_sitter_bash").parse(data.replace(b"\r", b" ").replace(b"\0", b" ")).root_node
    )
    return root


def mended(text: Text) -> tuple[Text, Node]:
    """The syntax tree and the text it is of, written so that the grammar understands it.

    It tears `$A/$B.yaml` at the second dollar: such a name is put in braces. It lets a pipeline of
    three go on in the next line where that is a list: a semicolon ends it.
    """
    root = parse(text)
    for _ in range(_MENDS if _doubtful(text.text) else 0):
        changes = sorted(_mistaken(root, text), key=lambda change: change[0])
        if not changes:
            break
        text = rewritten(text, changes)
        root = parse(text)
    return text, root


def _doubtful(text: str) -> bool:
    return bool(_MAYBE_TORN.search(text)) or (
        text.count("|") > 1 and ("&&" in text or "||" in text)
    )


def _mistaken(node: Node, text: Text) -> Iterator[tuple[int, int, Text]]:
    """What has to be written in another way: start, end and how."""
    for child in node.children:
        if child.type == "$" and node.type == "concatenation":
            name = _NAME.match(text.text, child.end_byte)
            if name:
                yield *name.span(), _braced(text.slice(*name.span()))
        else:
            yield from _mistaken(child, text)
    if node.type == "command":
        for statement, following in pairwise(statements(node)):
            if _RUN_ON.match(text.text, statement.end_byte, following.start_byte):
                yield (
                    statement.end_byte,
                    statement.end_byte + 1,
                    text.slice(statement.end_byte, statement.end_byte + 1).put_char(0, ";"),
                )


def _braced(name: Text) -> Text:
    return Text("{", name.at[:1], ".") + name + Text("}", name.at[-1:], ".")


def prepare(text: Text, *, templates: bool = True) -> Text:
    """The same with template actions as characters that cannot be told, and words cut by a line end
    joined."""
    if templates and any(mark in text.text for mark in ("{{", "{%", "{#", "<<", "<%")):
        text = rewritten(text, _sometimes(text))
        text = filled(text, (match.span() for match in _TEMPLATE.finditer(text.text)), TAIL)
        text = filled(text, (match.span() for match in _CONTROL.finditer(text.text)), " ")
    if "\\\n" in text.text:
        return _glued(text)
    return text


def _sometimes(text: Text) -> Iterator[tuple[int, int, Text]]:
    """Flags between a template's if and its end as perhaps there, the two as blanks."""
    for match in _SOMETIMES.finditer(text.text):
        condition, flags, end = (text.slice(*match.span(group)) for group in (1, 2, 3))
        yield *match.span(1), condition.put(0, len(condition.text), " ")
        yield *match.span(2), flags.maybe()
        yield *match.span(3), end.put(0, len(end.text), " ")


def _glued(text: Text) -> Text:
    """Words cut by a line end joined; a comment does not go on behind one."""
    lines = (
        match
        for match in _LOGICAL.finditer(text.text)
        if not match.group().lstrip(" \t").startswith("#")
    )
    cuts = (cut.span() for line in lines for cut in _CUT.finditer(text.text, *line.span()))
    return rewritten(text, ((start, end, EMPTY) for start, end in cuts))


def names(raw: str) -> tuple[str, ...]:
    """The names in a template action or an expansion, each by its last part: what the value is
    called."""
    return tuple(
        name.rpartition(".")[2].replace("-", "_") for name in re.findall(r"[A-Za-z_][\w.-]*", raw)
    )


def statements(node: Node) -> Iterator[Node]:
    """The named children, comments apart."""
    return (child for child in node.named_children if child.type != "comment")


def find(node: Node, *kinds: str) -> Iterator[Node]:
    """The outermost descendants of these types."""
    for child in node.children:
        if child.type in kinds:
            yield child
        else:
            yield from find(child, *kinds)


def globals_set(body: Node, text: Text) -> Iterator[str]:
    """The names of the variables that a function's body sets for the whole script, each as often as
    it does."""
    for node in find(body, "variable_assignment", "function_definition"):
        name, parent = node.child_by_field_name("name"), node.parent
        if (
            name is None
            or parent is None
            or node.type != "variable_assignment"
            or parent.type == "command"
        ):
            continue
        if not re.match(
            r"\s*(?:local|declare|typeset)\b", text.text[parent.start_byte : node.start_byte]
        ):
            yield text.text[name.start_byte : name.end_byte].strip()
