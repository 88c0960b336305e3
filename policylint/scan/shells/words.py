"""Shell words: what a word of a command becomes once its variables, as far as they are known, are
put in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from policylint.runtime.digits import whole_or
from policylint.runtime.patterns import pattern
from policylint.scan.shells.env import Env
from policylint.scan.shells.syntax import find, names
from policylint.scan.texts.text import EMPTY, HOLE, TAIL, Text, Word, joined

if TYPE_CHECKING:
    from tree_sitter import Node

_QUOTE = pattern(r"[\"']")
_QUOTED_ESCAPE = pattern(r'\\([$`"\\])')
_ESCAPE = pattern(r"\\(.)", re.DOTALL)
_MEANING = pattern(rf"[\\\s{HOLE}{TAIL}]|^$")
"""What makes a word of one piece another than it is written."""
_BLANK = pattern(r"(?:\s|\\\n)*+")
_ANSI = {"n": "\n", "t": "\t", "r": "\r"}
_TARGETS = ("variable_name", "special_variable_name", "subscript")
_CUT = ("%", "%%", "#", "##", "^", "^^", ",", ",,", ":", "/", "//", "/#", "/%", "@")


class Piece(Struct, frozen=True):
    """A part of a word: a text that a shell splits (or not), or an array's words."""

    text: Text = EMPTY
    split: bool = False
    words: tuple[Word, ...] | None = None
    names: tuple[str, ...] = ()
    quoted: bool = False


class Expander(Struct, frozen=True):
    """Expands nodes of one text in one environment; `substitution` reads a `$( )` and says what it
    prints."""

    source: Text
    file: str
    """The whole file's text, for what stood where a template was taken out."""
    env: Env
    substitution: Callable[[Node], Text | None]

    def words(self, node: Node) -> list[Word]:
        """The words that one argument becomes."""
        part = self.raw(node)
        span = (part.start, part.end)
        if not node.child_count and node.type == "word" and not _MEANING.search(part.text):
            return [_word(part, raw=self._shown(part), span=span)]
        return [
            replace(word, raw=self._shown(part), span=span)
            for word in _split(list(self._pieces(node)))
        ]

    def text(self, node: Node) -> Text:
        """A node as one string, as in an assignment."""
        return joined(_flat(piece) for piece in self._pieces(node))

    def raw(self, node: Node) -> Text:
        """The source text of a node, without blanks in front."""
        part = self.source.slice(node.start_byte, node.end_byte)
        blanks = _lead(part.text)
        if blanks:
            return part.slice(blanks, len(part.text))
        return part

    def _pieces(self, node: Node, *, quoted: bool = False) -> Iterator[Piece]:
        kind = node.type
        if kind == "string":
            yield from self._string(node)
        elif kind == "raw_string":
            yield Piece(self._inner(node, 1), quoted=True)
        elif kind == "ansi_c_string":
            yield Piece(_replace(self._inner(node, 2), _ESCAPE, _ANSI), quoted=True)
        elif kind in ("concatenation", "command_name", "translated_string"):
            for child in node.children:
                if child.is_named:
                    yield from self._pieces(child, quoted=quoted)
        elif kind == "simple_expansion":
            yield from self._simple(node, quoted)
        elif kind == "expansion":
            yield from self._expansion(node, quoted)
        elif kind in ("command_substitution", "process_substitution", "arithmetic_expansion"):
            yield self._run(node, quoted)
        else:
            yield from self._literal(node)

    def _literal(self, node: Node) -> Iterator[Piece]:
        part = self.source.slice(node.start_byte, node.end_byte)
        if node.type in ("word", "regex", "extglob_pattern") and "\\" in part.text:
            part = _replace(part, re.compile(r"\\\n"), {}, drop=True)
            part = _replace(part, _ESCAPE, {})
        untold = TAIL in part.text
        yield Piece(part, split=untold, names=names(self._shown(part)) if untold else ())
        for child in find(node, "command_substitution"):
            self.substitution(child)

    def _shown(self, part: Text) -> str:
        """A part as the file spells it."""
        if part.start >= 0:
            return self.file[part.start : part.end]
        return part.text

    def _inner(self, node: Node, lead: int) -> Text:
        return self.source.slice(
            node.start_byte + lead, max(node.end_byte - 1, node.start_byte + lead)
        )

    def _string(self, node: Node) -> Iterator[Piece]:
        at, end = node.start_byte + 1, node.end_byte - 1
        yield Piece(quoted=True)
        for child in node.named_children:
            if child.type in ("string_content", "comment", "ERROR"):
                continue
            start = child.start_byte + _lead(self.source.text[child.start_byte : child.end_byte])
            yield Piece(self._quoted(at, start), quoted=True)
            yield from self._pieces(child, quoted=True)
            at = child.end_byte
        if at < end:
            yield Piece(self._quoted(at, end), quoted=True)

    def _quoted(self, start: int, end: int) -> Text:
        part = self.source.slice(start, end)
        if "\\" in part.text:
            part = _replace(part, re.compile(r"\\\n"), {}, drop=True)
            part = _replace(part, _QUOTED_ESCAPE, {})
        return part.sealed()

    def _run(self, node: Node, quoted: bool) -> Piece:
        output = self.substitution(node)
        if output is None:
            start = self.raw(node).start
            plain = node.type != "command_substitution"
            first = next(find(node, "command_name"), None)
            called = (self.raw(first).text,) if first else ()
            return Piece(
                Text(HOLE if quoted or plain else TAIL, (start,), "."),
                not (quoted or plain),
                None,
                called,
            )
        return Piece(output.sealed() if quoted else output, not quoted)

    def _simple(self, node: Node, quoted: bool) -> Iterator[Piece]:
        name = self.raw(node).text[1:]
        yield from self._variable(name, node, quoted)

    def _variable(self, name: str, node: Node, quoted: bool) -> Iterator[Piece]:
        start = self.raw(node).start
        if name in ("@", "*"):
            yield self._array("@", start, joins=quoted and name == "*")
            return
        value = self.env.text(name)
        if value is None:
            sure = name in ("#", "?", "$", "!", "0", "-")
            yield Piece(
                Text(HOLE if quoted or sure else TAIL, (start,), "."),
                not (quoted or sure),
                None,
                (name,),
            )
        else:
            missing = (name,) if not value.known else ()
            yield Piece(value.sealed() if quoted else value, not quoted, None, missing, quoted)

    def _array(self, name: str, start: int, *, joins: bool = False) -> Piece:
        words = self.env.words(name)
        if words is None:
            words = (Word(Text(TAIL, (start,), "."), tail=True, sure=True, names=(name,)),)
        if joins:
            return Piece(joined((word.text for word in words), " ").sealed(), quoted=True)
        return Piece(words=words)

    def _expansion(self, node: Node, quoted: bool) -> Iterator[Piece]:
        """`${...}`."""
        parts = [child for child in node.children if child.type not in ("${", "}")]
        operator = next((part.type for part in parts if not part.is_named), "")
        named = [part for part in parts if part.is_named]
        if not named or named[0].type not in _TARGETS or parts[0].type in ("!", "#"):
            yield self._indirect(node, quoted, length=operator == "#")
        else:
            yield from self._operated(named[0], operator, named[1:], quoted)

    def _operated(
        self, target: Node, operator: str, operands: list[Node], quoted: bool
    ) -> Iterator[Piece]:
        if operator in (":-", "-", ":=", "="):
            yield from self._default(target, operator, operands, quoted)
        elif operator in (":+", "+"):
            yield from self._alternative(target, operands, quoted)
        elif operator in _CUT:
            yield self._changed(target, operator, operands, quoted)
        else:
            yield from self._plain(target, quoted)

    def _indirect(self, node: Node, quoted: bool, *, length: bool) -> Piece:
        """`${!NAME}`, whatever NAME names, and `${#NAME}`, a number: one word at least."""
        part = self.raw(node)
        mark = HOLE if quoted or length else TAIL
        return Piece(Text(mark, (part.start,), "."), not quoted, None, names(part.text))

    def _plain(self, target: Node, quoted: bool) -> Iterator[Piece]:
        if target.type != "subscript":
            yield from self._variable(self.raw(target).text, target, quoted)
            return
        name, index = self._subscript(target)
        if index in ("@", "*"):
            yield self._array(name, self.raw(target).start, joins=quoted and index == "*")
            return
        element = self._element(self.env.words(name) or (), index)
        if element is None:
            yield Piece(Text(HOLE, (self.raw(target).start,), "."), names=(name,))
        else:
            yield Piece(element, not quoted, None, (), quoted)

    def _element(self, words: tuple[Word, ...], index: str) -> Text | None:
        """The element of this number; None where one before it may be several, or none."""
        place = whole_or(index, len(words))
        if not 0 <= place < len(words):
            return None
        if any(word.tail or word.maybe for word in words[: place + 1]):
            return None
        return words[place].text

    def _subscript(self, target: Node) -> tuple[str, str]:
        name, _, index = self.raw(target).text.partition("[")
        return name, index.rstrip("]")

    def _known(self, target: Node) -> Text | None:
        if target.type == "subscript":
            name = self._subscript(target)[0]
        else:
            name = self.raw(target).text
            if name not in ("@", "*"):
                return self.env.text(name)
            name = "@"
        words = self.env.words(name)
        if words is None:
            return None
        return joined((word.text for word in words), " ")

    def _operands(self, operands: list[Node], quoted: bool) -> list[Piece]:
        """What stands behind the operator; unquoted, a shell splits all of it, quotes apart."""
        pieces = [piece for node in operands for piece in self._pieces(node, quoted=quoted)]
        if quoted:
            return pieces
        return [replace(piece, split=True, quoted=False) for piece in pieces]

    def _default(
        self, target: Node, operator: str, operands: list[Node], quoted: bool
    ) -> Iterator[Piece]:
        """`${NAME:-default}`, `${NAME=default}`: the default where the file gives no value."""
        value = self._known(target)
        empty = value is not None and not value.text and operator.startswith(":")
        default = self._operands(operands, quoted)
        if value is not None and not empty:
            yield from self._plain(target, quoted)
        elif any(piece.text.text or piece.words for piece in default):
            if operator.endswith("="):
                self._assign(target, default)
            yield from default
        elif not empty:
            yield from self._plain(target, quoted)

    def _assign(self, target: Node, pieces: list[Piece]) -> None:
        if target.type == "variable_name":
            self.env.values[self.raw(target).text] = joined(_flat(piece) for piece in pieces)

    def _alternative(self, target: Node, operands: list[Node], quoted: bool) -> Iterator[Piece]:
        """`${NAME:+alternative}`: there where the variable has a value, perhaps there where nobody
        knows."""
        value = self._known(target)
        pieces = self._operands(operands, quoted)
        if value is not None:
            sometimes = "m" in value.marks
            pieces = pieces if value.text else []
        else:
            # An array, or what may be any number of words, cannot be marked: it hides arguments
            # anyway.
            sometimes = all(piece.words is None and TAIL not in piece.text.text for piece in pieces)
        for piece in pieces:
            yield replace(piece, text=piece.text.maybe()) if sometimes else piece

    def _changed(self, target: Node, operator: str, operands: list[Node], quoted: bool) -> Piece:
        """Cut, replaced or upper-cased: one text that cannot be told, or an array's words."""
        start, name, index = self.raw(target).start, self.raw(target).text, ""
        if target.type == "subscript":
            name, index = self._subscript(target)
        if "@" not in (index, name) and "*" not in (index, name):
            return Piece(Text(HOLE, (start,), "."), names=(name,), quoted=quoted)
        array = self.env.words("@" if name == "*" else name)
        words: tuple[Word, ...] | None = None
        if len(operands) == 1 and operator == "/#":
            words = self._prefixed(array, operands[0], start)
        elif len(operands) == 1 and operator == ":":
            # `$@` counts from 1, an array from 0.
            words = self._behind(array, operands[0], first=int(name in ("@", "*")))
        unknown = Word(Text(TAIL, (start,), "."), tail=True, sure=True, names=(name,))
        return Piece(words=(unknown,) if words is None else words)

    def _prefixed(
        self, array: tuple[Word, ...] | None, operand: Node, start: int
    ) -> tuple[Word, ...] | None:
        """`${NAME[@]/#/--set=}`: each element behind the prefix; None where there is none."""
        prefix = self.text(operand)
        if not prefix.text:
            return None
        words = array or (Word(Text(HOLE, (start,), "."), maybe=True),)
        return tuple(replace(word, text=prefix + word.text.sealed(), tail=False) for word in words)

    def _behind(
        self, array: tuple[Word, ...] | None, operand: Node, first: int
    ) -> tuple[Word, ...] | None:
        """`${NAME[@]:2}`, `${@:2}`: the elements from a number on, counted from `first`; None where
        that cannot be told."""
        number = self.raw(operand).text
        skipped = whole_or(number, -1) - first
        if array is None or skipped < 0:
            return None
        if any(word.tail or word.maybe for word in array[:skipped]):
            return None
        return array[skipped:]


def _lead(text: str) -> int:
    """How much blank stands in front, line ends that do not count included."""
    if text[:1] in ("\\", " ", "\n", "\t", "\r"):
        blanks = _BLANK.match(text)
    else:
        blanks = None
    if blanks:
        return blanks.end()
    return 0


def _replace(
    text: Text, pattern: re.Pattern[str], table: dict[str, str], *, drop: bool = False
) -> Text:
    """Every match replaced by one character: what its first group stands for."""
    parts, at = [], 0
    for match in pattern.finditer(text.text):
        parts.append(text.slice(at, match.start()))
        if not drop:
            char = table.get(match[1], match[1])
            parts.append(Text(char, (text.at[match.start()],), text.marks[match.start()]))
        at = match.end()
    return joined([*parts, text.slice(at, len(text.text))])


def _flat(piece: Piece) -> Text:
    if piece.words is None:
        return piece.text
    return joined((word.text.maybe() if word.maybe else word.text for word in piece.words), " ")


class _Joiner(Struct):
    """The word that is being put together."""

    text: Text = EMPTY
    quoted: bool = False
    names: tuple[str, ...] = ()
    some: bool = False

    def add(self, text: Text, *, empty: bool = False) -> None:
        self.text, self.some = self.text + text, self.some or empty or bool(text.text)

    def take(self) -> Iterator[Word]:
        """The word so far, if there is one; the next starts empty."""
        if self.some:
            yield _word(self.text, quoted=self.quoted, names=self.names)
        self.text, self.quoted, self.some, self.names = EMPTY, False, False, ()


def _word(
    text: Text,
    *,
    raw: str = "",
    span: tuple[int, int] = (-1, -1),
    quoted: bool = False,
    names: tuple[str, ...] = (),
) -> Word:
    tail = bool(text.text) and not text.text.strip(TAIL)
    maybe = bool(text.text) and "." not in text.marks
    return Word(text, raw, span, quoted, maybe, tail, names=names)


def _split(pieces: list[Piece]) -> Iterator[Word]:
    """Join the pieces of one argument to words, as a shell splits them."""
    if len(pieces) == 1 and pieces[0].words is None and not pieces[0].split:
        (piece,) = pieces
        if piece.text.text or piece.quoted:
            yield _word(piece.text, quoted=piece.quoted, names=piece.names)
    else:
        yield from _pieced(pieces)


def _pieced(pieces: list[Piece]) -> Iterator[Word]:
    word = _Joiner()
    arrays = any(piece.words is not None for piece in pieces)
    for piece in pieces:
        word.names = (*word.names, *piece.names)
        if piece.words is not None:
            yield from _array(piece.words, word)
        elif piece.split:
            yield from _fields(piece.text, word)
        else:
            word.quoted = word.quoted or piece.quoted
            # `"${NAME[@]}"` of no elements is no word, though its quotes are there.
            word.add(piece.text, empty=piece.quoted and not arrays)
    yield from word.take()


def _array(words: tuple[Word, ...], word: _Joiner) -> Iterator[Word]:
    """An array's words: the first goes on from what stands before, the last goes on."""
    for index, element in enumerate(words):
        if index:
            yield from word.take()
        if element.maybe or element.tail or element.sure:
            whole = word.text + element.text
            yield replace(element, text=whole, quoted=element.quoted or word.quoted)
            word.text, word.some = EMPTY, False
        else:
            word.add(element.text, empty=True)
            word.quoted, word.names = True, (*word.names, *element.names)


def _fields(text: Text, word: _Joiner) -> Iterator[Word]:
    """A string that a shell splits at blanks."""
    at = 0
    for match in re.finditer(r"\S+", text.text):
        if match.start() > at:
            called = word.names
            yield from word.take()
            word.names = called
        word.add(text.slice(match.start(), match.end()))
        at = match.end()
    if at < len(text.text):
        yield from word.take()


def split(text: Text) -> list[Word]:
    """The words of a text given as a program's arguments: quotes are understood, nothing is
    expanded."""
    words: list[Word] = []
    for match in re.finditer(r"(?:\"[^\"]*\"|'[^']*'|\\.|[^\s\"'\\])+", text.text):
        whole = text.slice(match.start(), match.end())
        quoted = '"' in whole.text or "'" in whole.text
        if quoted:
            bare = _replace(whole, _QUOTE, {}, drop=True)
        else:
            bare = whole
        tail = bool(bare.text) and not bare.text.strip(TAIL)
        words.append(
            Word(bare, match.group(), (bare.start, bare.end), quoted, tail=tail and not quoted)
        )
    return words
