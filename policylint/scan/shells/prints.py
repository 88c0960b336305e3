"""What a command prints, where the script itself says it: an echo, or one of several behind
conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import TYPE_CHECKING

from policylint.runtime.patterns import pattern
from policylint.scan.shells.flags import takes_value
from policylint.scan.shells.syntax import statements
from policylint.scan.shells.wrappers import base
from policylint.scan.texts.text import EMPTY, Text, Word, either, joined

if TYPE_CHECKING:
    from tree_sitter import Node

Words = Callable[["Node"], list[Word]]
_SILENT = pattern(rb"(?:^|\s)(?:1|&)?>\s*/dev/null")
_TESTS = pattern(rb"(?:test|true|false|:)(?:\s|$)|grep\s+(?:-\w+\s+)*-\w*q")

_CLAUSES = ("elif_clause", "else_clause")


def printed(node: Node, words: Words) -> Text | None:
    """What a statement prints, what it prints sometimes marked so; None where that cannot be
    told."""
    if _quiet(node):
        return EMPTY
    if node.type == "list":
        return _listed(node, words)
    if node.type == "if_statement":
        return _chosen(node, words)
    if node.type == "command":
        return _echoed(words(node))
    return None


def _quiet(node: Node) -> bool:
    """Whether it only tests, and prints nothing."""
    if node.type in ("list", "negated_command"):
        return all(_quiet(child) for child in statements(node))
    text = node.text or b""
    return (
        node.type == "test_command"
        or (node.type == "redirected_statement" and bool(_SILENT.search(text)))
        or (node.type == "command" and bool(_TESTS.match(text)))
    )


def _echoed(words: list[Word]) -> Text | None:
    """What an `echo` prints, or a `printf` of one text; None where it cannot be told."""
    if not words or not _prints_its_words(words):
        return None
    shown = [word for word in words[1:] if word.text.text not in ("-n", "-e")]
    if any(word.tail or word.text.untold for word in shown):
        return None
    return joined(map(_printed_word, shown), " ")


def _printed_word(word: Word) -> Text:
    return (word.text.maybe() if word.maybe else word.text).sealed()


def _prints_its_words(words: list[Word]) -> bool:
    name = base(words[0])
    plain = len(words) == 2 and "%" not in words[1].text.text
    return name == "echo" or (name == "printf" and plain)


def _listed(node: Node, words: Words) -> Text | None:
    """`test && echo a`, `test && echo a || echo b`."""
    left, right = node.children[0], node.children[-1]
    first, second = printed(left, words), printed(right, words)
    if first is None or second is None:
        return None
    if any(child.type == "||" for child in node.children):
        if not first.text or "m" in first.marks:
            return either(first, second, takes_value)
        return first
    return joined([first, second.maybe() if _quiet(left) else second], " ")


def _chosen(node: Node, words: Words) -> Text | None:
    """What the branches of an if print, nothing being one of them where there is no else."""
    outputs: list[Text] = []
    for output in _branches(node, words):
        if output is None:
            return None
        outputs.append(output)
    return reduce(lambda left, right: either(left, right, takes_value), outputs)


def _branches(node: Node, words: Words) -> Iterator[Text | None]:
    """What each branch prints; None for one that is no single statement, or whose condition may
    print too."""
    clauses = [child for child in node.children if child.type in _CLAUSES]
    yield _branch([child for child in statements(node) if child not in clauses], words)
    otherwise: list[Node] = []
    for clause in clauses:
        if clause.type == "elif_clause":
            yield _branch(list(statements(clause)), words)
        else:
            otherwise += statements(clause)
    if not otherwise:
        yield EMPTY
    else:
        yield printed(otherwise[0], words) if len(otherwise) == 1 else None


def _branch(parts: list[Node], words: Words) -> Text | None:
    """What a condition and the statement behind it print."""
    if len(parts) == 2 and _quiet(parts[0]):
        return printed(parts[1], words)
    return None
