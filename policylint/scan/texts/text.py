"""A piece of text that remembers where each character stands in the file, and what could not be
told.

A shell command may be cut out of YAML, unescaped from JSON or put together from variables: its
characters keep the positions they were written at. What only a run would tell is a character of its
own: `HOLE` stays part of its word, `TAIL` may become any number of words where a shell splits it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from msgspec import Struct

HOLE = "\ue000"
TAIL = "\ue001"
_UNTOLD = str.maketrans({TAIL: HOLE})


class Text(Struct, frozen=True):
    """`text` with, for each character, its position in the file (-1: none) and a mark: "." or "m"
    for maybe there."""

    text: str
    at: Sequence[int]
    marks: str

    @classmethod
    def of(cls, text: str, at: Sequence[int] | None = None) -> Text:
        """A text that stands at these positions; by default nowhere in a file."""
        return cls(text, at if at is not None else (-1,) * len(text), "." * len(text))

    @classmethod
    def cut(cls, text: str, start: int, end: int) -> Text:
        """The characters start..end of a file's text."""
        return cls(text[start:end], range(start, end), "." * (end - start))

    def slice(self, start: int, end: int) -> Text:
        """A part of it."""
        return Text(self.text[start:end], self.at[start:end], self.marks[start:end])

    def maybe(self) -> Text:
        """The same, only sometimes there."""
        return Text(self.text, self.at, "m" * len(self.text))

    def sealed(self) -> Text:
        """The same inside quotes: what cannot be told stays one word."""
        return (
            Text(self.text.translate(_UNTOLD), self.at, self.marks) if TAIL in self.text else self
        )

    def put(self, start: int, end: int, char: str) -> Text:
        """The same with every character of start..end (line feeds apart) replaced by `char`."""
        middle = "".join(each if each == "\n" else char for each in self.text[start:end])
        return Text(self.text[:start] + middle + self.text[end:], self.at, self.marks)

    @classmethod
    def standing(cls, value: Text, start: int, end: int) -> Text:
        """A value that stands for the characters start..end of the file, `${NAME}` for instance."""
        size = len(value.text)
        return cls(value.text, (*(start,) * (size - 1), end - 1) if size else (), value.marks)

    def put_char(self, index: int, char: str) -> Text:
        """The same with one character replaced."""
        return Text(self.text[:index] + char + self.text[index + 1 :], self.at, self.marks)

    def splice(self, start: int, end: int, other: Text) -> Text:
        """The same with start..end replaced by another text."""
        return self.slice(0, start) + other + self.slice(end, len(self.text))

    def __add__(self, other: Text) -> Text:
        if not other.text:
            return self
        if not self.text:
            return other
        return Text(self.text + other.text, (*self.at, *other.at), self.marks + other.marks)

    @property
    def known(self) -> str | None:
        """The text, None where a part of it cannot be told."""
        return None if HOLE in self.text or TAIL in self.text or "m" in self.marks else self.text

    @property
    def untold(self) -> bool:
        """Whether nothing of it can be told."""
        return bool(self.text) and not self.text.strip(HOLE + TAIL)

    @property
    def start(self) -> int:
        """The first position in the file, -1 where no character has one."""
        at = self.at
        return at[0] if at and at[0] >= 0 else next((each for each in at if each >= 0), -1)

    @property
    def end(self) -> int:
        """The position after the last character that has one, -1 where none has."""
        at = self.at
        return (
            at[-1] + 1
            if at and at[-1] >= 0
            else next((each + 1 for each in reversed(at) if each >= 0), -1)
        )


EMPTY = Text("", (), "")


def joined(parts: Iterable[Text], between: str = "") -> Text:
    """The parts, one after another."""
    gap = Text.of(between)
    every = [
        each
        for index, part in enumerate(parts)
        for each in ((gap, part) if index else (part,))
        if each.text
    ]
    if len(every) == 1:
        return every[0]
    return Text(
        "".join(part.text for part in every),
        tuple(chain.from_iterable(part.at for part in every)),
        "".join(part.marks for part in every),
    )


def rewritten(text: Text, changes: Iterable[tuple[int, int, Text]]) -> Text:
    """The text with each start..end replaced; the changes are in order and apart from each
    other."""
    parts, at = [], 0
    for start, end, new in changes:
        parts += [text.slice(at, start), new]
        at = end
    return joined([*parts, text.slice(at, len(text.text))]) if parts else text


def filled(text: Text, spans: Iterable[tuple[int, int]], char: str) -> Text:
    """The text with every character of these spans (line feeds apart) replaced, in order and apart
    from each other."""
    parts, at = [], 0
    for start, end in spans:
        parts += [
            text.text[at:start],
            "".join(each if each == "\n" else char for each in text.text[start:end]),
        ]
        at = end
    return Text("".join([*parts, text.text[at:]]), text.at, text.marks) if parts else text


def either(one: Text, other: Text, takes_value: Callable[[str], bool] = lambda _: False) -> Text:
    """One or the other, as two branches leave a variable: what both begin with is sure, what
    follows is maybe.

    A word that takes the next one as its value stays beside it.
    """
    if one.text == other.text:
        return Text(one.text, one.at, _marks(one.marks, other.marks))
    length = _alike(one.text, other.text)
    if length not in (len(one.text), len(other.text)):
        length = _cut(one.text[:length], takes_value)
        ends = one.text[length:], other.text[length:]
        if not any(map(_flags, ends)):
            return Text.of(HOLE if one.text.strip() and other.text.strip() else TAIL)
        if length == 0 and all(len(end.split()) == 1 and not end.startswith("-") for end in ends):
            return Text.of(TAIL)  # a name, or what cannot be told
    rest = [each.slice(length, len(each.text)).maybe() for each in (one, other)]
    gap = EMPTY if length or not all(each.text for each in rest) else Text.of(" ")
    return one.slice(0, length) + rest[0] + gap + rest[1]


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _cut(same: str, takes_value: Callable[[str], bool]) -> int:
    """Where the words end that two texts begin with, a flag without its value left out."""
    length = max(same.rfind(" "), same.rfind("\n"), 0)
    before, _, last = same[:length].rstrip().rpartition(" ")
    return len(before) if takes_value(last) else length


def _flags(text: str) -> bool:
    return (
        not text.strip()
        or any(word.startswith("-") for word in text.split())
        or TAIL in text.split()
    )


def _marks(one: str, other: str) -> str:
    return "".join("m" if "m" in pair else "." for pair in zip(one, other, strict=True))


class Word(Struct, frozen=True):
    """One word of a command line as the program gets it.

    `tail` says that it may become any number of words (an unknown array, `$ARGS`), `sure` that it
    does so whatever stands beside it; `names` are the variables that could not be told.
    """

    text: Text
    raw: str = ""
    span: tuple[int, int] = (-1, -1)
    """Where the word stands in the file, quotes included."""
    quoted: bool = False
    maybe: bool = False
    tail: bool = False
    sure: bool = False
    names: tuple[str, ...] = ()

    @property
    def known(self) -> str | None:
        """The word, None where a part of it cannot be told or it is not always there."""
        return None if self.maybe or self.tail else self.text.known
