"""The variables of a shell script, as far as the file tells."""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.scan.shells.flags import takes_value
from policylint.scan.texts.text import EMPTY, Text, Word, either

Value = Text | tuple[Word, ...]
"""A string, or an array's words."""


class Env(Struct):
    """Variables by name; positional ones as "1", "2", ... and all of them as "@"."""

    values: dict[str, Value] = field(default_factory=dict)
    stopped: bool = False
    """Whether this branch of the script has exited or returned."""

    def copy(self) -> Env:
        """A branch of its own."""
        return Env(dict(self.values), self.stopped)

    def text(self, name: str) -> Text | None:
        """A variable as a string (an array's first word); None where the file does not assign
        it."""
        value = self.values.get(name)
        if isinstance(value, tuple):
            if value:
                return value[0].text
            return EMPTY
        return value

    def words(self, name: str) -> tuple[Word, ...] | None:
        """A variable as an array; None where the file does not assign it."""
        value = self.values.get(name)
        if isinstance(value, Text):
            return (Word(value, value.text, quoted=True),)
        return value

    def positionals(self, words: tuple[Word, ...]) -> None:
        """Set `$@` and `$1`, `$2`, ...; what stands behind an unknown number of words cannot be
        told."""
        for name in [name for name in self.values if name.isdigit()]:
            del self.values[name]
        self.values["@"] = words
        for index, word in enumerate(words, 1):
            if word.tail or word.maybe:
                return
            self.values[str(index)] = word.text
        for index in range(len(words) + 1, 10):
            self.values[str(index)] = EMPTY

    def become(self, branches: list[Env]) -> None:
        """Go on after these branches, of which one was taken."""
        alive = [branch for branch in branches if not branch.stopped]
        if not alive:
            self.stopped = True
            alive = branches[:1]
        result = alive[0].values if alive else {}
        for branch in alive[1:]:
            result = _join(result, branch.values)
        self.values = result


def _join(left: dict[str, Value], right: dict[str, Value]) -> dict[str, Value]:
    """The variables after one of two branches."""
    joined: dict[str, Value] = {}
    for name in {**left, **right}:
        value = _either(name, left.get(name), right.get(name))
        if value is not None:
            joined[name] = value
    return joined


def _either(name: str, left: Value | None, right: Value | None) -> Value | None:
    """A variable that has one of two values, None where nobody knows: a positional one that one
    branch alone sets."""
    if left is right or left == right:
        return left
    if (name.isdigit() or name == "@") and None in (left, right):
        return None
    if isinstance(left, tuple) or isinstance(right, tuple):
        return _arrays(_array(left), _array(right))
    return either(left or EMPTY, right or EMPTY, takes_value)


def _array(value: Value | None) -> tuple[Word, ...]:
    if value is None or isinstance(value, Text):
        if value and value.text:
            return (Word(value, value.text),)
        return ()
    return value


def _arrays(left: tuple[Word, ...], right: tuple[Word, ...]) -> tuple[Word, ...]:
    """What both begin with, then what either has, which is perhaps there."""
    length = _alike(left, right)
    further = len(left) > length or len(right) > length
    if length and further and takes_value(left[length - 1].text.text):
        length -= 1  # `--set` goes with the value that follows it
    same = (
        replace(word, maybe=True) if twin.maybe and not word.maybe else word
        for word, twin in zip(left[:length], right[:length], strict=True)
    )
    rest = (*left[length:], *right[length:])
    return (*same, *(word if word.maybe else replace(word, maybe=True) for word in rest))


def _alike(left: tuple[Word, ...], right: tuple[Word, ...]) -> int:
    """How many words two arrays begin with alike."""
    length = 0
    for word, twin in zip(left, right, strict=False):
        if word.text.text != twin.text.text:
            break
        length += 1
    return length
