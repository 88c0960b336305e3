"""YAML whose scalars know where each of their characters stands: for commands inside CI files."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from msgspec import Struct

from policylint.errors import ReadError, RuleFailure
from policylint.kyaml.load import compose
from policylint.kyaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from policylint.runtime.patterns import pattern
from policylint.scan.texts.anchors import anchors_told_apart
from policylint.scan.texts.holes import fill
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import EMPTY, Text

_SPLIT = pattern(r"^---(?=[ \t\n]|\Z)", re.MULTILINE)
_MAPPING = pattern(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ ]*(?:- )?[ ]*[\w.-]+:(?:[ \t]|$)", re.MULTILINE)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": " ", "e": " ", " ": " "}
_LONG = {"x": 2, "u": 4, "U": 8}
_DEPTH = 60


class Yaml(Struct, frozen=True):
    """A node of a document; `base` is the position in the file where the document's text begins."""

    node: Node
    source: Source
    base: int

    @property
    def start(self) -> int:
        """The node's position in the file."""
        return int(self.node.start_mark.index) + self.base

    @property
    def tag(self) -> str:
        """The node's tag, `!reference` for instance."""
        return str(self.node.tag)

    @property
    def mapping(self) -> bool:
        """Whether it is a mapping."""
        return isinstance(self.node, MappingNode)

    @property
    def scalar(self) -> bool:
        """Whether it is a scalar."""
        return isinstance(self.node, ScalarNode)

    def pairs(self) -> Iterator[tuple[str, Yaml]]:
        """Keys and values of a mapping, those merged by `<<` first."""
        if not isinstance(self.node, MappingNode):
            return
        for key, value in self.node.value:
            if key.value == "<<":
                for each in value.value if isinstance(value, SequenceNode) else [value]:
                    yield from Yaml(each, self.source, self.base).pairs()
        for key, value in self.node.value:
            if isinstance(key, ScalarNode) and key.value != "<<":
                yield key.value, Yaml(value, self.source, self.base)

    def written(self) -> Iterator[tuple[Yaml, Yaml]]:
        """Key and value nodes as written."""
        if isinstance(self.node, MappingNode):
            for key, value in self.node.value:
                yield Yaml(key, self.source, self.base), Yaml(value, self.source, self.base)

    def get(self, *path: str) -> Yaml | None:
        """The value under these keys."""
        found: Yaml | None = self
        for step in path:
            found = dict(found.pairs()).get(step) if found else None
        return found

    def items(self) -> Iterator[Yaml]:
        """The items of a list."""
        if isinstance(self.node, SequenceNode):
            for item in self.node.value:
                yield Yaml(item, self.source, self.base)

    def string(self, *path: str) -> str:
        """The scalar at `path`, "" where there is none."""
        found = self.get(*path)
        return found.node.value if found and isinstance(found.node, ScalarNode) else ""

    def text(self) -> Text:
        """A scalar's value as the file spells it, templates left in."""
        if not isinstance(self.node, ScalarNode):
            return EMPTY
        start, end = self.start, int(self.node.end_mark.index) + self.base
        raw, style = Text.cut(self.source.text, start, end), self.node.style
        if style in ("|", ">"):
            return _block(raw, folded=style == ">")
        if style == "'":
            return _flow(_unquoted(raw.slice(1, len(raw.text) - 1)))
        return _double(raw.slice(1, len(raw.text) - 1)) if style == '"' else _flow(raw)


@functools.lru_cache(maxsize=2)
def documents(source: Source) -> tuple[Yaml | RuleFailure, ...]:
    """The root of each document, or the failure of one that cannot be read; templates are seen
    through."""
    return tuple(_documents(source))


def _documents(source: Source) -> Iterator[Yaml | RuleFailure]:
    starts = [0, *(match.end() for match in _SPLIT.finditer(source.text))]
    ends = [*(match.start() for match in _SPLIT.finditer(source.text)), len(source.text)]
    for start, end in zip(starts, ends, strict=True):
        part = source.text[start:end]
        if not part.strip():
            continue
        try:
            root = _compose(part, source.file)
        except ReadError as error:
            line = source.text.count("\n", 0, start) + error.line
            yield RuleFailure(
                "scan", f"{source.file}:{line}: {error.message}", error.remedy or "correct the YAML"
            )
            continue
        if root is not None:
            yield Yaml(root, source, start)


def within(value: Yaml) -> Iterator[Yaml]:
    """The roots of the YAML that a block scalar holds (`buildspec: |`); none where it holds other
    text."""
    if not isinstance(value.node, ScalarNode) or value.node.style != "|":
        return
    body = value.source.text.find("\n", value.start) + 1
    part = value.source.text[body : int(value.node.end_mark.index) + value.base]
    if _MAPPING.match(part):
        try:
            root = _compose(part, value.source.file)
        except ReadError:
            return
        if root is not None:
            yield Yaml(root, value.source, body)


def _compose(part: str, file: str) -> Node | None:
    try:
        return compose(part, file)
    except ReadError:
        text = fill(part).text
        try:
            return compose(text, file)
        except ReadError:
            return compose(anchors_told_apart(text), file)


def roots(source: Source) -> Iterator[Yaml]:
    """The documents that can be read."""
    return (each for each in documents(source) if isinstance(each, Yaml))


def failures(source: Source) -> Iterator[RuleFailure]:
    """The failures of the documents that cannot be read."""
    return (each for each in documents(source) if isinstance(each, RuleFailure))


def walk(node: Yaml, depth: int = 0) -> Iterator[Yaml]:
    """A node and all below it, each once as written."""
    yield node
    if depth > _DEPTH:
        return
    for _, value in node.written():
        yield from walk(value, depth + 1)
    for item in node.items():
        yield from walk(item, depth + 1)


def _block(raw: Text, *, folded: bool) -> Text:
    header, _, _ = raw.text.partition("\n")
    lines = _lines(raw.slice(len(header) + 1, len(raw.text)))
    full = [len(line.text) - len(line.text.lstrip(" ")) for line in lines if line.text.strip()]
    indent = min(full, default=0)
    body = [line.slice(min(indent, len(line.text)), len(line.text)) for line in lines]
    while body and not body[-1].text.strip():
        body.pop()
    return _fold(body) if folded else _join(body)


def _lines(text: Text) -> list[Text]:
    """The lines, each with its line feed."""
    found, at = [], 0
    for match in re.finditer("\n", text.text):
        found.append(text.slice(at, match.end()))
        at = match.end()
    return [*found, text.slice(at, len(text.text))] if at < len(text.text) else found


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
        following = body[index + 1].text if index + 1 < len(body) else "\n"
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
    found, at = [], 0
    for match in re.finditer(r"[ \t]*\n\s*", raw.text):
        found.append(raw.slice(at, match.start()))
        char = "\n" if match.group().count("\n") > 1 else " "
        found.append(Text(char, (raw.at[match.start()],), "."))
        at = match.end()
    return _join([*found, raw.slice(at, len(raw.text))])


def _unquoted(raw: Text) -> Text:
    found, at = [], 0
    for match in re.finditer("''", raw.text):
        found.append(raw.slice(at, match.start() + 1))
        at = match.end()
    return _join([*found, raw.slice(at, len(raw.text))])


def _double(raw: Text) -> Text:
    """A double-quoted scalar: escapes undone, an escaped line end and the blanks behind it
    dropped."""
    found, at = [], 0
    for match in re.finditer(r"\\(\n[ \t]*|[xuU]|.)|[ \t]*\n\s*", raw.text):
        if match.start() < at:
            continue
        found.append(raw.slice(at, match.start()))
        escape, at = match[1], match.end()
        if escape is None:
            char = "\n" if match.group().count("\n") > 1 else " "
        elif escape.startswith("\n"):
            continue
        elif escape in _LONG:
            code = raw.text[at : at + _LONG[escape]]
            at += _LONG[escape]
            char = chr(int(code, 16)) if re.fullmatch(r"[0-9a-fA-F]+", code) else "?"
        else:
            char = _ESCAPES.get(escape, escape)
        found.append(Text(char, (raw.at[match.start()],), "."))
    return _join([*found, raw.slice(at, len(raw.text))])
