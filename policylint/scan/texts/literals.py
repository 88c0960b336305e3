"""Literal calls in TypeScript programs: the name, the first argument and the options, with places.

Nothing is run. What is no literal, and no constant of the same file, is undecided.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from policylint.runtime.digits import BEYOND, whole
from policylint.runtime.patterns import pattern
from policylint.scan.texts.hcl import UNDECIDED
from policylint.scan.texts.source import Place


class Literal(Struct, frozen=True):
    """A value (str, int, float, bool, None, list or dict of Literals, or UNDECIDED) and its 1-based
    place."""

    value: Any
    place: Place
    written: str = ""
    """The option's name as the program spells it."""
    text: str = ""
    """The expression of the value, in short."""


class Call(Struct, frozen=True):
    """`name("first", {options})`; `spread` says that options may come from elsewhere too."""

    name: str
    place: Place
    first: Any = None
    options: Mapping[str, Literal] = field(default_factory=dict)
    spread: bool = False


_CALL = pattern(r"\bnew\s+((?:\w+\.)*\w+)\s*\(")
_CONSTANT = pattern(
    r"\bconst\s+(\w+)\s*(?::\s*\w+\s*)?=\s*(\"[^\"\n]*\"|'[^'\n]*'|`[^`$]*`|true\b|false\b|\d+)"
)
_SPACE = pattern(r"(?:\s+|//[^\n]*|/\*.{0,10000}?\*/)*", re.DOTALL)
_ATOM = pattern(
    r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|-?\d[\d._]*|[A-Za-z_$][\w$]*"
)
_SKIP = pattern(
    r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|//[^\n]*|/\*.{0,10000}?\*/|\\?.",
    re.DOTALL,
)
SHOWN = 80
"""How many characters of an expression are kept."""
_UNCLOSED = 20
"""How many calls may run to the end of a text before the rest is left undecided: each is read
through again."""
_STOPS = ("", "}", "]", ")")
_CLOSING = {"{": "}", "[": "]", "(": ")"}


Wanted = Callable[[str], bool]
"""Whether a call of this (dotted) name is looked at."""


def typescript_calls(text: str, wanted: Wanted, position: int = 1) -> Iterator[Call]:
    """The `new a.b.C("name", {...})` of a program, comments and strings apart.

    The options are the argument at `position`, as the class has it.
    """
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    unclosed = 0
    constants = {name: _scalar(raw, {}) for name, raw in _CONSTANT.findall(_blanked(text, "/"))}
    for match in _CALL.finditer(_blanked(text, "/\"'`")):
        if not wanted(match[1]):
            continue
        scan = _Scan(text, match.end(), constants, starts)
        if unclosed < _UNCLOSED:
            arguments = scan.arguments()
        else:
            arguments = []
        unclosed += scan.at_end
        options, spread = _options(arguments[position : position + 1])
        first = arguments[0].value if arguments else None
        yield Call(match[1], scan.place(match.start()), first, options, spread)


def _options(argument: list[Literal]) -> tuple[dict[str, Literal], bool]:
    """The options of an argument that is an object, and whether others may be given elsewhere."""
    for literal in argument:
        if isinstance(literal.value, dict):
            return literal.value, "..." in literal.value
    return {}, True


def _blanked(text: str, marks: str) -> str:
    """The text with comments (`/`), or strings of these quotes too, blanked: what is in them is no
    call."""

    def blank(match: re.Match[str]) -> str:
        piece = match[0]
        if len(piece) > 1 and piece[0] in marks:
            return re.sub(r"[^\n]", " ", piece)
        return piece

    return _SKIP.sub(blank, text)


def _scalar(raw: str, constants: Mapping[str, Any]) -> Any:
    if raw[0] in "\"'":
        return raw[1:-1]
    if raw[0] == "`":
        if "${" in raw:
            return UNDECIDED
        return raw[1:-1]
    if raw in ("true", "false", "null", "undefined"):
        return {"true": True, "false": False}.get(raw)
    if raw[0].isdigit() or raw[0] == "-":
        number = whole(raw.replace("_", ""))
        if number is None or abs(number) >= BEYOND:
            return UNDECIDED
        return number
    return constants.get(raw, UNDECIDED)


class _Scan:
    """Reads literals of JavaScript from a position on."""

    def __init__(self, text: str, at: int, constants: Mapping[str, Any], starts: list[int]) -> None:
        self._text = text
        self._at = at
        self._constants = constants
        self._starts = starts

    def place(self, at: int) -> Place:
        """From an offset to where the reading has come."""
        line, column = self._position(at)
        return Place(line, column, *self._position(self._at))

    def _position(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1

    @property
    def at_end(self) -> bool:
        """Whether the reading has come to the end of the text, as it does where a bracket is not
        closed."""
        return self._at >= len(self._text)

    def arguments(self) -> list[Literal]:
        """The arguments up to the closing parenthesis."""
        return self._list(")")

    def _peek(self) -> str:
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._text[self._at : self._at + 1]

    def _list(self, end: str) -> list[Literal]:
        items = []
        while self._peek() not in _STOPS:
            items.append(self._value())
            if self._peek() == ",":
                self._at += 1
        self._close(end)
        return items

    def _close(self, end: str) -> None:
        """Step over the bracket that ends a list or an object; one of another kind ends what is
        around it."""
        if self._peek() == end:
            self._at += 1

    def _value(self) -> Literal:
        mark = self._peek()
        start = self._at
        value: Any = UNDECIDED
        if mark in "{[":
            self._at += 1
            value = self._object() if mark == "{" else self._list("]")
        elif atom := _ATOM.match(self._text, start):
            self._at = atom.end()
            value = _scalar(atom[0], self._constants)
        if self._peek() not in (",", "}", "]", ")", ""):
            # An operator, a call or a member: the value is made when the program runs.
            value = UNDECIDED
            self._pass_over()
        return Literal(
            value, self.place(start), "", self._text[start : min(self._at, start + SHOWN)].strip()
        )

    def _object(self) -> dict[str, Literal]:
        members: dict[str, Literal] = {}
        while self._peek() not in _STOPS:
            start = self._at
            key = _ATOM.match(self._text, start)
            if key is None:
                self._pass_over()
                members["..."] = Literal(UNDECIDED, self.place(start))
            else:
                self._at = key.end()
                name = key[0].strip("\"'`")
                members[name] = self._member(name, start)
            if self._peek() == ",":
                self._at += 1
        self._close("}")
        return members

    def _member(self, name: str, start: int) -> Literal:
        """The value behind `name:`, or that of the constant which a bare `name` stands for."""
        if self._peek() == ":":
            self._at += 1
            value = self._value()
            return Literal(value.value, self.place(start), name, value.text)
        literal = Literal(self._constants.get(name, UNDECIDED), self.place(start), name, name)
        self._pass_over()
        return literal

    def _pass_over(self) -> None:
        """Go to the comma or bracket that ends the expression here."""
        open_marks: list[str] = []
        while self._at < len(self._text):
            piece = _SKIP.match(self._text, self._at)
            mark = piece[0] if piece else ""
            if not open_marks and mark in (",", "}", "]", ")"):
                return
            if mark in _CLOSING:
                open_marks.append(_CLOSING[mark])
            elif open_marks and mark == open_marks[-1]:
                open_marks.pop()
            self._at += max(len(mark), 1)
