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
        if TAIL in self.text:
            return Text(self.text.translate(_UNTOLD), self.at, self.marks)
        return self

    def put(self, start: int, end: int, char: str) -> Text:
        """The same with every character of start..end (line feeds apart) replaced by `char`."""
        middle = _over(self.text[start:end], char)
        return Text(self.text[:start] + middle + self.text[end:], self.at, self.marks)

    @classmethod
    def standing(cls, value: Text, start: int, end: int) -> Text:
        """A value that stands for the characters start..end of the file, `${NAME}` for instance."""
        size = len(value.text)
        return cls(value.text, (*(start,) * (size - 1), end - 1) if size else (), value.marks)

    def put_char(self, index: int, char: str) -> Text:
        """The same with one character replaced."""
        return Text(self.text[:index] + char + self.text[index + 1 :], self.at, self.marks)

    def splice(self, start: int, end: int, replacement: Text) -> Text:
        """The same with start..end replaced by another text."""
        return self.slice(0, start) + replacement + self.slice(end, len(self.text))

    def __add__(self, other: Text) -> Text:
        if not other.text:
            return self
        if not self.text:
            return other
        return Text(self.text + other.text, (*self.at, *other.at), self.marks + other.marks)

    @property
    def known(self) -> str | None:
        """The text, None where a part of it cannot be told."""
        if HOLE in self.text or TAIL in self.text or "m" in self.marks:
            return None
        return self.text

    @property
    def untold(self) -> bool:
        """Whether nothing of it can be told."""
        return bool(self.text) and not self.text.strip(HOLE + TAIL)

    @property
    def start(self) -> int:
        """The first position in the file, -1 where no character has one."""
        if self.at and self.at[0] >= 0:
            return self.at[0]
        return next((position for position in self.at if position >= 0), -1)

    @property
    def end(self) -> int:
        """The position after the last character that has one, -1 where none has."""
        return next((position + 1 for position in reversed(self.at) if position >= 0), -1)


EMPTY = Text("", (), "")


def _over(text: str, char: str) -> str:
    """A text with every character replaced, line feeds apart."""
    return "\n".join(char * len(line) for line in text.split("\n"))


def joined(parts: Iterable[Text], between: str = "") -> Text:
    """The parts, one after another."""
    gap = Text.of(between)
    texts: list[Text] = []
    for index, part in enumerate(parts):
        texts += [gap, part] if index else [part]
    texts = [text for text in texts if text.text]
    if len(texts) == 1:
        return texts[0]
    return Text(
        "".join(text.text for text in texts),
        tuple(chain.from_iterable(text.at for text in texts)),
        "".join(text.marks for text in texts),
    )


def rewritten(text: Text, changes: Iterable[tuple[int, int, Text]]) -> Text:
    """The text with each start..end replaced; the changes are in order and apart from each
    other."""
    parts, at = [], 0
    for start, end, new in changes:
        parts += [text.slice(at, start), new]
        at = end
    if parts:
        return joined([*parts, text.slice(at, len(text.text))])
    return text


def filled(text: Text, spans: Iterable[tuple[int, int]], char: str) -> Text:
    """The text with every character of these spans (line feeds apart) replaced, in order and apart
    from each other."""
    parts, at = [], 0
    for start, end in spans:
        parts += [
            text.text[at:start],
            _over(text.text[start:end], char),
        ]
        at = end
    if parts:
        return Text("".join([*parts, text.text[at:]]), text.at, text.marks)
    return text


def either(left: Text, right: Text, takes_value: Callable[[str], bool] = lambda _: False) -> Text:
    """One or the other, as two branches leave a variable: what both begin with is sure, what
    follows is maybe.

    A word that takes the next one as its value stays beside it.
    """
    if left.text == right.text:
        return Text(left.text, left.at, _marks(left.marks, right.marks))
    length = _alike(left.text, right.text)
    if length not in (len(left.text), len(right.text)):
        length = _cut(left.text[:length], takes_value)
        unlike = _unlike(left.text, right.text, length)
        if unlike:
            return Text.of(unlike)
    rest = [side.slice(length, len(side.text)).maybe() for side in (left, right)]
    if not length and rest[0].text and rest[1].text:
        gap = Text.of(" ")
    else:
        gap = EMPTY
    return left.slice(0, length) + rest[0] + gap + rest[1]


def _unlike(left: str, right: str, length: int) -> str:
    """The mark for two texts of which neither holds the other: HOLE for two values, TAIL for a
    value or nothing; "" where they bring flags, of which each is perhaps there."""
    ends = left[length:], right[length:]
    if not any(map(_flags, ends)):
        if left.strip() and right.strip():
            return HOLE
        return TAIL
    if length == 0 and all(map(_is_lone_word, ends)):
        return TAIL  # a name, or what cannot be told
    return ""


def _is_lone_word(text: str) -> bool:
    return len(text.split()) == 1 and not text.startswith("-")


def _alike(left: str, right: str) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(same: str, takes_value: Callable[[str], bool]) -> int:
    """Where the words end that two texts begin with, a flag without its value left out."""
    length = max(same.rfind(" "), same.rfind("\n"), 0)
    before, _, last = same[:length].rstrip().rpartition(" ")
    if takes_value(last):
        return len(before)
    return length


def _flags(text: str) -> bool:
    return (
        not text.strip()
        or any(word.startswith("-") for word in text.split())
        or TAIL in text.split()
    )


def _marks(left: str, right: str) -> str:
    return "".join("m" if "m" in pair else "." for pair in zip(left, right, strict=True))


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
        if self.maybe or self.tail:
            return None
        return self.text.known
