"""helm in the local-exec and remote-exec provisioners of Terraform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.scripts.ci import mentions, script
from policylint.scan.texts.hcl import Block, Module, parse, value
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import TAIL, Text, joined

if TYPE_CHECKING:
    from tree_sitter import Node

_EXECS = ("local-exec", "remote-exec")
_PARTS = ("template_interpolation", "template_directive", "template_if", "template_for")
_ESCAPES = {"n": "\n", "t": "\t", "r": " "}
_POWERSHELL = pattern("pwsh|powershell", re.IGNORECASE)


def _wants(source: Source) -> bool:
    return mentions(source)


def _read(source: Source) -> Iterator[Reading]:
    module = parse(source.text)
    offsets = _offsets(source.text)
    for block in _provisioners(module.blocks):
        language = _interpreter(block, module)
        for name in ("command", "inline"):
            attribute = block.attributes.get(name)
            if attribute is not None:
                parts = [
                    _string(node, source, module, offsets)
                    for node in _strings(attribute.expression)
                ]
                yield from script(source, joined(parts, "\n"), {}, None, language)


def _provisioners(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        if block.type == "provisioner" and block.labels[:1] and block.labels[0] in _EXECS:
            yield block
        yield from _provisioners(block.blocks)


def _interpreter(block: Block, module: Module) -> str:
    attribute = block.attributes.get("interpreter")
    if attribute:
        words = value(attribute.expression, module)
    else:
        words = None
    for word in words if isinstance(words, list) else ():
        if isinstance(word, str) and _POWERSHELL.search(word):
            return "powershell"
    return "bash"


def _offsets(text: str) -> list[int] | None:
    """The character at each byte; None for ASCII, where they are the same."""
    if text.isascii():
        return None
    return [index for index, char in enumerate(text) for _ in char.encode()] + [len(text)]


def _strings(node: Node) -> Iterator[Node]:
    """The strings of an expression, outermost first."""
    if node.type in ("string_lit", "quoted_template", "heredoc_template"):
        yield node
        return
    for child in node.named_children:
        yield from _strings(child)


def _string(node: Node, source: Source, module: Module, offsets: list[int] | None) -> Text:
    """A string's text at its places in the file; an interpolation of an unknown value as what
    cannot be told."""

    def at(byte: int) -> int:
        if offsets:
            return offsets[byte]
        return byte

    start, end = at(node.start_byte), at(node.end_byte)
    text = Text.cut(source.text, start, end)
    for part in reversed([part for part in node.named_children if part.type in _PARTS]):
        first, last = at(part.start_byte) - start, at(part.end_byte) - start
        text = text.splice(first, last, _interpolation(part, text.slice(first, last), module))
    if node.type == "heredoc_template":
        return text.slice(text.text.find("\n") + 1, text.text.rstrip().rfind("\n") + 1)
    return _unescaped(text.slice(1, len(text.text) - 1))


def _interpolation(part: Node, cut: Text, module: Module) -> Text:
    inner = [value(child, module) for child in part.named_children if child.type == "expression"]
    if len(inner) == 1 and isinstance(inner[0], (str, int)) and not isinstance(inner[0], bool):
        return Text.of(str(inner[0]), (cut.start,) * len(str(inner[0])))
    return cut.put(0, len(cut.text), TAIL)


def _unescaped(text: Text) -> Text:
    for match in reversed(list(re.finditer(r"\\(.)", text.text))):
        char = _ESCAPES.get(match[1], match[1])
        text = text.splice(
            match.start(),
            match.end(),
            text.slice(match.start(), match.start() + 1).put_char(0, char),
        )
    return text


READER = Reader(_read, _wants)
