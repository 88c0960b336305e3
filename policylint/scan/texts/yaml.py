"""YAML as nodes that know their place in the file, templates left in."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.kyaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from policylint.kyaml.values import compose, expanded_size
from policylint.runtime.patterns import pattern
from policylint.scan.texts.anchors import anchors_told_apart
from policylint.scan.texts.holes import HOLE, Filled, fill, has_actions
from policylint.scan.texts.repairs import blanked, indents, to_leave_out
from policylint.scan.texts.source import Place

_END = pattern(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z).*$", re.MULTILINE)
MAX_NODES = 200_000
"""The most nodes a document may have once its aliases are expanded."""
_ANCHORS = pattern(r"\b(?:anchor|alias)\b")


class Page(Struct, frozen=True):
    """One document: its text with the templates filled, and where it stands in the file (0-based
    line, column)."""

    filled: Filled
    line: int
    column: int
    file: str
    lost: tuple[tuple[int, int], ...] = ()
    """Lines (0-based, of this document) left out because no parser can read them, and their
    indents."""
    start: int = 0
    """The document's first character in the file's text (0-based)."""


class Tree(Struct, frozen=True):
    """A node and the page it is on; lines and columns are 1-based and those of the file."""

    node: Node
    page: Page
    key: Node | None = None
    """The mapping key it is the value of, or None."""

    @property
    def line(self) -> int:
        """The line of the key, or of the value where there is no key."""
        mark = (self.key or self.node).start_mark
        return int(mark.line) + self.page.line + 1

    @property
    def column(self) -> int:
        """The column that goes with `line`."""
        mark = (self.key or self.node).start_mark
        return int(mark.column) + self.page.column + 1

    @property
    def start(self) -> int:
        """The position in the file's text where the node begins, its key left out."""
        return int(self.node.start_mark.index) + self.page.start

    @property
    def end(self) -> int:
        """The position in the file's text behind the node."""
        return int(self.node.end_mark.index) + self.page.start

    @property
    def tag(self) -> str:
        """The node's tag, `!reference` for instance."""
        return str(self.node.tag)

    def knowing(self, constants: Mapping[str, str]) -> Tree:
        """The same with more variables of a known value, for all that is reached from here."""
        filled = replace(self.page.filled, constants={**constants, **self.page.filled.constants})
        return replace(self, page=replace(self.page, filled=filled))

    @property
    def place(self) -> Place:
        """From its key, or its own start, to its end."""
        end = self.node.end_mark
        return Place(
            self.line,
            self.column,
            end.line + self.page.line + 1,
            end.column + self.page.column + 1,
            self.page.file,
        )

    @property
    def name(self) -> str:
        """The key it is the value of."""
        if self.key is not None:
            return str(self.key.value)
        return ""

    @property
    def item_place(self) -> Place:
        """For a list item: from its `-`, which may stand on a line above."""
        text, end = self.page.filled.text, int(self.node.start_mark.index)
        back = 0
        while end >= 0:
            start = text.rfind("\n", 0, end) + 1
            line = text[start:end]
            bare = line.partition(" #")[0].rstrip() if back else line.rstrip()
            if bare.endswith("-"):
                column = len(bare) + self.page.column
                return replace(self.place, line=self.line - back, column=column)
            if bare and not bare.lstrip().startswith("#"):
                break
            back, end = back + 1, start - 1
        return self.place

    @property
    def text(self) -> str | None:
        """The scalar's text as the file has it, templates included; None for no scalar and for
        null."""
        if not isinstance(self.node, ScalarNode) or self.node.tag.endswith(":null"):
            return None
        value: str = self.node.value
        if HOLE not in value:
            if "$" in value:
                return self.page.filled.known(value)
            return value
        raw = self._raw.strip()
        if raw[:1] in ("'", '"') and raw[-1:] == raw[:1]:
            return raw[1:-1]
        return raw

    @property
    def _raw(self) -> str:
        """What the file has here, template variables of a known value replaced."""
        filled = self.page.filled
        return filled.known(filled.original[self.node.start_mark.index : self.node.end_mark.index])

    @property
    def dynamic(self) -> bool:
        """Whether a template writes any part of it."""
        written = self.page.filled.text[self.node.start_mark.index : self.node.end_mark.index]
        return HOLE in written and (not self.page.filled.constants or has_actions(self._raw))

    @property
    def boolean(self) -> bool | None:
        """True or false as YAML 1.1 reads it, quoted or not; None for anything else."""
        text = (self.text or "").lower()
        return {
            "true": True,
            "yes": True,
            "on": True,
            "false": False,
            "no": False,
            "off": False,
        }.get(text)

    @property
    def mapping(self) -> bool:
        """Whether it is a mapping."""
        return isinstance(self.node, MappingNode)

    @property
    def scalar(self) -> bool:
        """Whether it is a scalar."""
        return isinstance(self.node, ScalarNode)

    def written(self) -> Iterator[tuple[Tree, Tree]]:
        """The keys and values of a mapping as they stand, nothing merged and no key left out."""
        if isinstance(self.node, MappingNode):
            for key, value in self.node.value:
                yield Tree(key, self.page), Tree(value, self.page, key)

    def pairs(self) -> Iterator[tuple[str, Tree]]:
        """The keys and values of a mapping, merged ones (`<<`) first, so that later ones win."""
        if not isinstance(self.node, MappingNode):
            return
        for key, value in self.node.value:
            if key.value == "<<":
                for source in value.value if isinstance(value, SequenceNode) else [value]:
                    yield from Tree(source, self.page).pairs()
        for key, value in self.node.value:
            if isinstance(key, ScalarNode) and key.value != "<<":
                yield key.value, Tree(value, self.page, key)

    def get(self, *path: str) -> Tree | None:
        """The value under these keys; of a key that stands twice the last, as Kubernetes reads
        it."""
        node: Tree | None = self
        for step in path:
            node = dict(node.pairs()).get(step) if node else None
        return node

    def items(self) -> Iterator[Tree]:
        """The items of a list; nothing for anything else."""
        if isinstance(self.node, SequenceNode):
            for item in self.node.value:
                yield Tree(item, self.page)

    def string(self, *path: str) -> str | None:
        """The text at `path`, templates included."""
        node = self.get(*path)
        if node:
            return node.text
        return None

    def value(self, *path: str) -> str:
        """The scalar at `path` as the parser reads it (null is as it is spelled), "" where there is
        none."""
        node = self.get(*path)
        if node and node.scalar:
            return str(node.node.value)
        return ""

    def sometimes(self, within: Tree) -> bool:
        """Whether a condition or a loop that starts inside `within` decides if it is there."""
        first = int(within.node.start_mark.line)
        own = self.line - self.page.line - 1
        return any(first < start <= own <= end for start, end in self.page.filled.branches)

    def _filled_below(self) -> bool:
        """Whether a template on the next line writes the value of a key that has none."""
        mark, openings = (self.key or self.node).start_mark, self.page.filled.openings
        text = self.page.filled.text
        start = text.find("\n", mark.index) + 1
        line = mark.line + 1
        while start:
            if any(indent > mark.column for indent in _indents_at(openings, line)):
                return True
            end = text.find("\n", start)
            if end < 0 or text[start:end].strip():
                break
            start, line = end + 1, line + 1
        return False

    @property
    def open(self) -> bool:
        """Whether a template may write more keys or items here than can be seen."""
        if self._lost_inside():
            return True
        if not isinstance(self.node, (MappingNode, SequenceNode)):
            return self.dynamic or (self.text is None and self._filled_below())
        if isinstance(self.node, MappingNode) and any(
            _elsewhere(key, value) for key, value in self.node.value
        ):
            return True
        first, last = (self.key or self.node).start_mark.line, self.node.end_mark.line
        column = self.node.start_mark.column
        openings = self.page.filled.openings
        within = openings[bisect_left(openings, (first, 0)) : bisect_left(openings, (last + 1, 0))]
        return any(indent == column for _, indent in within)

    def _lost_inside(self) -> bool:
        """Whether a line was left out that may have held a key or item of this one."""
        start, end = self.node.start_mark, self.node.end_mark
        return any(
            start.line <= line <= end.line and indent <= start.column
            for line, indent in self.page.lost
        )


def _indents_at(openings: tuple[tuple[int, int], ...], line: int) -> Iterator[int]:
    """The indents of the openings on a line; these are in order of their lines."""
    for at in range(bisect_left(openings, (line, 0)), len(openings)):
        if openings[at][0] != line:
            break
        yield openings[at][1]


def _elsewhere(key: Node, value: Node) -> bool:
    """Whether a key is written by a template, or its value merges what another file holds."""
    return HOLE in str(key.value) or (key.value == "<<" and isinstance(value, ScalarNode))


def documents(
    text: str,
    file: str,
    line: int = 0,
    column: int = 0,
    wanted: Callable[[str], object] = str.strip,
) -> Iterator[Tree | ReadError]:
    """The root of each document, or the error of one that cannot be read; empty ones are left out.

    `line` and `column` are those of the text's start where it is a part of the file; documents
    whose text is not `wanted` are not read at all.
    """
    filled = fill(text)
    ends = [*((mark.start(), mark.end()) for mark in _END.finditer(filled.text))]
    start = above = 0
    for end, behind in [*ends, (len(text), len(text))]:
        if wanted(text[start:end]):
            try:
                root = _read(_cut(filled, start, end, above), line + above, column, file)
            except ReadError as error:
                at = error.line + line + above
                yield ReadError(error.message, file=file, line=at, remedy=error.remedy)
            else:
                if root:
                    yield root
        above += text.count("\n", start, behind)
        start = behind


def _cut(filled: Filled, start: int, end: int, above: int) -> Filled:
    """One document of a text; `above` is how many lines stand above it."""
    last = above + filled.text.count("\n", start, end)
    return Filled(
        filled.text[start:end],
        filled.original[start:end],
        _on_lines(filled.branches, above, last),
        _openings_on_lines(filled.openings, above, last),
        filled.constants,
        _on_lines(filled.otherwise, above, last),
    )


def _on_lines(
    parts: tuple[tuple[int, int], ...], above: int, last: int
) -> tuple[tuple[int, int], ...]:
    """The parts (first and last line) that reach into these lines, counted from there."""
    # They are in the order of their last lines, since a part is complete where it ends.
    begin = bisect_left(parts, above, key=itemgetter(1))
    return tuple(
        (first - above, end - above)
        for first, end in itertools.islice(parts, begin, None)
        if first <= last
    )


def _openings_on_lines(
    openings: tuple[tuple[int, int], ...], above: int, last: int
) -> tuple[tuple[int, int], ...]:
    begin, end = bisect_left(openings, (above, 0)), bisect_left(openings, (last + 1, 0))
    return tuple((line - above, indent) for line, indent in openings[begin:end])


class _Composed(Struct):
    """A document on its way to be read: its text as repaired so far."""

    filled: Filled
    lost: list[tuple[int, int]] = field(default_factory=list)
    first: ReadError | None = None
    """What was wrong before any repair."""


def _read(filled: Filled, line: int, column: int, file: str) -> Tree | None:
    """Compose a document; lines that no parser can read are blanked and remembered, a few times at
    most."""
    document = _Composed(filled)
    attempt = 0
    while True:
        try:
            root = compose(document.filled.text, file)
            break
        except RecursionError:
            raise ReadError(
                "nested too deeply", line=1, remedy="no declaration of a release needs this"
            ) from None
        except ReadError as error:
            attempt += _repair(document, error, attempt)
    if root is None:
        if document.first:
            raise document.first
        return None
    if "*" in document.filled.text:
        _refuse_bomb(root)
    return Tree(root, Page(document.filled, line, column, file, tuple(document.lost)))


def _repair(document: _Composed, error: ReadError, attempt: int) -> int:
    """Write a document so that the parser goes on behind this error; 1 where that left lines out.

    Raises the first error where it is time to give up.
    """
    text = document.filled.text
    if _ANCHORS.search(error.message):
        anchored = anchors_told_apart(text)
    else:
        anchored = text
    if anchored != text:
        document.filled = replace(document.filled, text=anchored)
        return 0
    document.first = document.first or error
    bad = to_leave_out(document.filled, error.line, attempt)
    if not bad:
        raise document.first from None
    document.lost += indents(text, bad)
    document.filled = replace(document.filled, text=blanked(text, bad))
    return 1


def _refuse_bomb(root: Node) -> None:
    """Raise `ReadError` for an alias to a parent, and for aliases that expand to very many
    nodes."""
    if expanded_size(root, endless=MAX_NODES) >= MAX_NODES:
        raise ReadError("aliases without end", line=1, remedy="write the repeated part out")
