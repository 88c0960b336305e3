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
            return value[0].text if value else EMPTY
        return value

    def words(self, name: str) -> tuple[Word, ...] | None:
        """A variable as an array; None where the file does not assign it."""
        value = self.values.get(name)
        return (Word(value, value.text, quoted=True),) if isinstance(value, Text) else value

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


def _join(one: dict[str, Value], other: dict[str, Value]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name in [*one, *(name for name in other if name not in one)]:
        left, right = one.get(name), other.get(name)
        if left is right or (left is not None and left == right):
            found[name] = one[name]
        elif (left is None or right is None) and (name.isdigit() or name == "@"):
            continue
        else:
            found[name] = _either(left, right)
    return found


def _either(left: Value | None, right: Value | None) -> Value:
    if isinstance(left, tuple) or isinstance(right, tuple):
        return _arrays(_array(left), _array(right))
    return either(left or EMPTY, right or EMPTY, takes_value)


def _array(value: Value | None) -> tuple[Word, ...]:
    if value is None or isinstance(value, Text):
        return (Word(value, value.text),) if value and value.text else ()
    return value


def _arrays(one: tuple[Word, ...], other: tuple[Word, ...]) -> tuple[Word, ...]:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left.text.text != right.text.text:
            break
        length += 1
    if (
        length
        and any(side[length : length + 1] for side in (one, other))
        and takes_value(one[length - 1].text.text)
    ):
        length -= 1  # `--set` goes with the value that follows it
    rest = (*one[length:], *other[length:])
    same = tuple(
        replace(left, maybe=True) if right.maybe and not left.maybe else left
        for left, right in zip(one[:length], other[:length], strict=True)
    )
    return (*same, *(word if word.maybe else replace(word, maybe=True) for word in rest))
