"""Parses a regular expression as Go does (regexp/syntax/parse.go, Perl's syntax)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from policylint.runtime.regex.classes import (
    LAST,
    PERL,
    POSIX,
    Ranges,
    category,
    folded,
    merged,
    negated,
)

_MOST_REPEATS = 1_000
_DEEPEST = 100
"""How deep groups may stand in one another here; Go takes 1,000."""
_ESCAPES = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_HEX = "0123456789abcdefABCDEF"
_OCTAL = "01234567"
_ANYTHING: Ranges = ((0, LAST),)
_ANYTHING_BUT_A_LINE_END: Ranges = ((0, 9), (11, LAST))


class RegexError(Exception):
    """A pattern that Go refuses: its words, and the part of the pattern behind a colon."""


class TooLargeError(RegexError):
    """A pattern that takes more than is spent here."""


class Character(Struct, frozen=True):
    """One character of a class."""

    ranges: Ranges


class Assertion(Struct, frozen=True):
    """A place: begin-text, end-text, begin-line, end-line, word or no-word."""

    place: str


class Group(Struct, frozen=True):
    """A capturing group."""

    number: int
    name: str
    inside: Tree


class Chain(Struct, frozen=True):
    """One behind the other."""

    parts: tuple[Tree, ...]


class Choice(Struct, frozen=True):
    """The first that fits."""

    parts: tuple[Tree, ...]


class Repeat(Struct, frozen=True):
    """So many times; without end where `most` is None."""

    inside: Tree
    least: int
    most: int | None
    is_greedy: bool


Tree = Character | Assertion | Group | Chain | Choice | Repeat


class _Flags(Struct, frozen=True):
    folds: bool = False
    multiline: bool = False
    dot_all: bool = False
    lazy: bool = False


_FLAGS = {"i": "folds", "m": "multiline", "s": "dot_all", "U": "lazy"}
_PERL_PLACES = {"A": "begin-text", "b": "word", "B": "no-word", "z": "end-text"}


def parsed(pattern: str) -> Tree:
    """The tree of a pattern; raises RegexError."""
    reader = _Reader(pattern)
    tree = reader.alternatives(0)
    if reader.rest():
        raise RegexError(f"unexpected ): {pattern}")
    return tree


class _Reader:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._flags = _Flags()
        self._groups = 0

    def rest(self) -> str:
        """What is not read yet begins with this character."""
        return self._pattern[self._at : self._at + 1]

    def alternatives(self, depth: int) -> Tree:
        """Everything up to the end of a group, or of the pattern."""
        if depth > _DEEPEST:
            raise TooLargeError("pattern too large: nested too deeply")
        choices: list[Tree] = []
        parts: list[Tree] = []
        repeated = -1  # where the repetition before began, if there is one right before
        while self.rest() not in ("", ")"):
            start = self._at
            if self._accept("|"):
                choices.append(Chain(tuple(parts)))
                parts, repeated = [], -1
            elif self._is_repetition():
                self._repeat(parts, repeated)
                repeated = start
            else:
                parts += self._items(depth)
                repeated = -1
        choices.append(Chain(tuple(parts)))
        return choices[0] if len(choices) == 1 else Choice(tuple(choices))

    def _items(self, depth: int) -> Sequence[Tree]:
        character = self.rest()
        if character == "(":
            return self._group(depth)
        if character == "[":
            return (Character(self._class()),)
        if character == "\\":
            return self._escape()
        self._at += 1
        if character == "^":
            return (Assertion("begin-line" if self._flags.multiline else "begin-text"),)
        if character == "$":
            return (Assertion("end-line" if self._flags.multiline else "end-text"),)
        if character == ".":
            return (Character(_ANYTHING if self._flags.dot_all else _ANYTHING_BUT_A_LINE_END),)
        return (self._literal(ord(character)),)

    def _literal(self, code: int) -> Tree:
        return Character(self._folded(((code, code),)))

    def _folded(self, ranges: Ranges) -> Ranges:
        return folded(ranges) if self._flags.folds else ranges

    # Repetitions.

    def _is_repetition(self) -> bool:
        return self.rest() in ("*", "+", "?") or self._counts() is not None

    def _repeat(self, parts: list[Tree], repeated: int) -> None:
        start = self._at
        is_counted = self.rest() == "{"
        least, most = self._times()
        if max(least, most or 0) > _MOST_REPEATS or (most is not None and least > most):
            raise RegexError(f"invalid repeat count: {self._since(start)}")
        is_lazy = self._flags.lazy != self._accept("?")
        if repeated >= 0:
            raise RegexError(f"invalid nested repetition operator: {self._since(repeated)}")
        if not parts:
            raise RegexError(f"missing argument to repetition operator: {self._since(start)}")
        parts[-1] = Repeat(parts[-1], least, most, not is_lazy)
        if is_counted and not _is_bounded(parts[-1], _MOST_REPEATS):
            raise RegexError(f"invalid repeat count: {self._since(start)}")

    def _times(self) -> tuple[int, int | None]:
        counts = self._counts()
        if counts is not None:
            self._at = self._pattern.index("}", self._at) + 1
            return counts
        sign = self.rest()
        self._at += 1
        return (1 if sign == "+" else 0), (1 if sign == "?" else None)

    def _counts(self) -> tuple[int, int | None] | None:
        """What braces count; None where they are but characters."""
        if self.rest() != "{":
            return None
        inside, brace, _ = self._pattern[self._at + 1 : self._at + 4_000].partition("}")
        least, comma, most = inside.partition(",")
        if not (brace and _is_count(least) and (not most or _is_count(most))):
            return None
        if not comma:
            return _count(least), _count(least)
        return _count(least), (_count(most) if most else None)

    # Groups.

    def _group(self, depth: int) -> Sequence[Tree]:
        flags = self._flags
        number, name = 0, ""
        if self._pattern.startswith("(?", self._at):
            name = self._name()
            if not name and self._set_flags():
                return ()
        else:
            self._at += 1
            name = "-"
        if name:
            self._groups += 1
            number = self._groups
        tree = self.alternatives(depth + 1)
        if not self._accept(")"):
            raise RegexError(f"missing closing ): {self._pattern}")
        self._flags = flags
        if number:
            return (Group(number, name.removeprefix("-"), tree),)
        return (Chain((tree,)),)

    def _name(self) -> str:
        """The name of the group that begins here; "" where it has none."""
        start = self._at
        for opening in ("(?P<", "(?<"):
            if self._pattern.startswith(opening, start) and len(self._pattern) > start + len(
                opening
            ):
                name, end, _ = self._pattern[start + len(opening) :].partition(">")
                self._at = start + len(opening) + len(name) + len(end)
                is_name = name.isascii() and name.replace("_", "a").isalnum()
                if not (end and is_name):
                    raise RegexError(f"invalid named capture: {self._since(start)}")
                return name
        return ""

    def _set_flags(self) -> bool:
        """Read flags behind `(?`; whether they stand alone."""
        start = self._at
        self._at += 2
        value, seen = True, False
        flags = self._flags
        while self.rest():
            letter = self.rest()
            self._at += 1
            if letter in _FLAGS:
                flags = replace(flags, **{_FLAGS[letter]: value})
                seen = True
            elif letter == "-" and value:
                value, seen = False, False
            elif letter in ":)" and (value or seen):
                self._flags = flags
                return letter == ")"
            else:
                break
        raise RegexError(f"invalid or unsupported Perl syntax: {self._since(start)}")

    # Classes and escapes.

    def _class(self) -> Ranges:
        start = self._at
        self._at += 1
        is_negated = self._accept("^")
        ranges: list[tuple[int, int]] = []
        is_first = True
        while is_first or self.rest() != "]":
            if not self.rest():
                raise RegexError(f"missing closing ]: {self._pattern[start:]}")
            is_first = False
            ranges += self._class_item(start)
        self._at += 1
        every = merged(ranges)
        return negated(every) if is_negated else every

    def _class_item(self, start: int) -> Ranges:
        named = self._posix() or self._perl_or_unicode()
        if named is not None:
            return named
        begin = self._at
        first = last = self._class_character(start)
        if self.rest() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
            self._at += 1
            last = self._class_character(start)
            if last < first:
                raise RegexError(f"invalid character class range: {self._since(begin)}")
        return self._folded(((first, last),))

    def _class_character(self, start: int) -> int:
        if not self.rest():
            raise RegexError(f"missing closing ]: {self._pattern[start:]}")
        if self.rest() == "\\":
            return self._escaped_code()
        self._at += 1
        return ord(self._pattern[self._at - 1])

    def _posix(self) -> Ranges | None:
        if not self._pattern.startswith("[:", self._at):
            return None
        name, end, _ = self._pattern[self._at + 2 :].partition(":]")
        if not end:
            return None
        self._at += len(name) + 4
        ranges = POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise RegexError(f"invalid character class range: [:{name}:]")
        ranges = self._folded(ranges)
        return negated(ranges) if name.startswith("^") else ranges

    def _perl_or_unicode(self) -> Ranges | None:
        letter = self._pattern[self._at + 1 : self._at + 2]
        if self.rest() != "\\" or letter == "":
            return None
        if letter in "pP":
            return self._unicode(letter == "P")
        ranges = PERL.get(letter.lower())
        if ranges is None:
            return None
        self._at += 2
        ranges = self._folded(ranges)
        return negated(ranges) if letter.isupper() else ranges

    def _unicode(self, is_negated: bool) -> Ranges:
        start = self._at
        self._at += 2
        name = self.rest()
        if not name:
            raise RegexError(f"invalid character class range: {self._since(start)}")
        self._at += 1
        end = "}"
        if name == "{":
            name, end, _ = self._pattern[self._at :].partition("}")
            self._at += len(name) + len(end)
        ranges = category(name.removeprefix("^")) if end else None
        if ranges is None:
            raise RegexError(f"invalid character class range: {self._since(start)}")
        if self._flags.folds and name.removeprefix("^") != "Any":
            ranges = folded(ranges)
        return negated(ranges) if is_negated != name.startswith("^") else ranges

    def _escape(self) -> Sequence[Tree]:
        letter = self._pattern[self._at + 1 : self._at + 2]
        if letter in _PERL_PLACES:
            self._at += 2
            return (Assertion(_PERL_PLACES[letter]),)
        if letter == "Q":
            literal, end, _ = self._pattern[self._at + 2 :].partition("\\E")
            self._at += 2 + len(literal) + len(end)
            return [self._literal(ord(character)) for character in literal]
        ranges = self._perl_or_unicode()
        if ranges is not None:
            return (Character(ranges),)
        return (self._literal(self._escaped_code()),)

    def _escaped_code(self) -> int:
        start = self._at
        self._at += 1
        letter = self.rest()
        if not letter:
            raise RegexError("trailing backslash at end of expression")
        self._at += 1
        code = self._numbered(letter)
        if code is None and letter in _ESCAPES:
            code = _ESCAPES[letter]
        if code is None and letter.isascii() and not letter.isalnum():
            code = ord(letter)
        if code is None:
            raise RegexError(f"invalid escape sequence: {self._since(start)}")
        return code

    def _numbered(self, letter: str) -> int | None:
        """A character by its number; None where there is none."""
        if letter == "x":
            return self._hexadecimal()
        is_octal = letter in _OCTAL and (letter == "0" or self.rest() in tuple(_OCTAL))
        if not is_octal:
            return None
        digits = letter
        while len(digits) < 3 and self.rest() in tuple(_OCTAL):
            digits += self.rest()
            self._at += 1
        return int(digits, 8)

    def _hexadecimal(self) -> int | None:
        if self.rest() != "{":
            digits = self._pattern[self._at : self._at + 2]
            self._at += len(digits)
            return int(digits, 16) if len(digits) == 2 and _is_hex(digits) else None
        self._at += 1
        start, code = self._at, 0
        while self.rest() in tuple(_HEX) and code <= LAST:
            code = 16 * code + int(self.rest(), 16)
            self._at += 1
        has_digits = self._at > start
        if code > LAST:
            return None
        closing = self.rest()
        self._at += len(closing)
        return code if has_digits and closing == "}" else None

    def _accept(self, character: str) -> bool:
        if self.rest() != character:
            return False
        self._at += 1
        return True

    def _since(self, start: int) -> str:
        return self._pattern[start : self._at]


def _is_count(text: str) -> bool:
    """A number as Go writes it: no zero before another digit."""
    is_number = text.isascii() and text.isdigit()
    return is_number and (text == "0" or not text.startswith("0"))


def _count(text: str) -> int:
    return int(text) if len(text) <= 4 else _MOST_REPEATS + 1


def _is_hex(text: str) -> bool:
    return all(character in _HEX for character in text)


def _is_bounded(tree: Tree, left: int) -> bool:
    """Whether repetitions in one another make no more than so many copies."""
    match tree:
        case Repeat():
            times = tree.least if tree.most is None else tree.most
            if tree.most == 0:
                return True
            if (tree.least, tree.most) in _SIGNS:
                times = 0
            return times <= left and _is_bounded(tree.inside, left // times if times else left)
        case Group():
            return _is_bounded(tree.inside, left)
        case Chain() | Choice():
            return all(_is_bounded(part, left) for part in tree.parts)
    return True


_SIGNS = ((0, None), (1, None), (0, 1))
"""What `*`, `+` and `?` are: they count for nothing."""
