"""Compiles the tree of a regular expression to instructions, as Go does
(regexp/syntax/compile.go)."""

from __future__ import annotations

from msgspec import Struct

from policylint.runtime.regex.classes import Ranges
from policylint.runtime.regex.syntax import (
    Assertion,
    Chain,
    Character,
    Choice,
    Group,
    Repeat,
    TooLargeError,
    Tree,
)

_MOST = 20_000
"""Instructions of a program."""


class Take(Struct, frozen=True):
    """Take a character of a class, and go on."""

    ranges: Ranges
    then: int


class Split(Struct, frozen=True):
    """Go on in two places, rather in the first."""

    first: int
    second: int


class Save(Struct, frozen=True):
    """Note where a group begins or ends, and go on."""

    slot: int
    then: int


class Demand(Struct, frozen=True):
    """Go on where this is such a place."""

    place: str
    then: int


class Found(Struct, frozen=True):
    """The whole pattern was matched."""


Instruction = Take | Split | Save | Demand | Found


class Program(Struct, frozen=True):
    """Instructions; `slots` are two for each group, the first two those of the whole match."""

    code: tuple[Instruction, ...]
    entry: int
    slots: int
    names: dict[str, int]


def compiled(tree: Tree) -> Program:
    """The program of a tree; raises TooLargeError."""
    compiler = _Compiler()
    end = compiler.add(Found())
    end = compiler.add(Save(1, end))
    entry = compiler.add(Save(0, compiler.before(tree, end)))
    return Program(tuple(compiler.code), entry, 2 * compiler.groups + 2, compiler.names)


class _Compiler:
    """Writes a program from its end, so that each instruction knows what comes after it."""

    def __init__(self) -> None:
        self.code: list[Instruction] = []
        self.groups = 0
        self.names: dict[str, int] = {}

    def add(self, instruction: Instruction) -> int:
        """One instruction more, and where it stands."""
        if len(self.code) >= _MOST:
            raise TooLargeError("pattern too large")
        self.code.append(instruction)
        return len(self.code) - 1

    def before(self, tree: Tree, then: int) -> int:
        """What matches a tree and goes on there; where it begins."""
        match tree:
            case Character():
                return self.add(Take(tree.ranges, then))
            case Assertion():
                return self.add(Demand(tree.place, then))
            case Group():
                return self._group(tree, then)
            case Chain():
                for part in reversed(tree.parts):
                    then = self.before(part, then)
                return then
            case Choice():
                return self._choice(tree, then)
            case Repeat():
                return self._repeat(tree, then)

    def _group(self, tree: Group, then: int) -> int:
        self._note(tree)
        end = self.add(Save(2 * tree.number + 1, then))
        return self.add(Save(2 * tree.number, self.before(tree.inside, end)))

    def _choice(self, tree: Choice, then: int) -> int:
        entry = self.before(tree.parts[-1], then)
        for part in reversed(tree.parts[:-1]):
            entry = self.add(Split(self.before(part, then), entry))
        return entry

    def _repeat(self, tree: Repeat, then: int) -> int:
        self._note_groups(tree)
        if tree.most is None:
            then = self._without_end(tree, then)
        else:
            after = then
            for _ in range(tree.most - tree.least):
                then = self._fork(tree, self.before(tree.inside, then), after)
        for _ in range(tree.least - (tree.most is None and tree.least > 0)):
            then = self.before(tree.inside, then)
        return then

    def _note(self, tree: Group) -> None:
        """Of groups of one name, the first has it."""
        self.groups = max(self.groups, tree.number)
        if tree.name:
            self.names[tree.name] = min(tree.number, self.names.get(tree.name, tree.number))

    def _note_groups(self, tree: Tree) -> None:
        """Groups count also where they are matched no times."""
        match tree:
            case Group():
                self._note(tree)
                self._note_groups(tree.inside)
            case Repeat():
                self._note_groups(tree.inside)
            case Chain() | Choice():
                for part in tree.parts:
                    self._note_groups(part)

    def _without_end(self, tree: Repeat, then: int) -> int:
        """`x+` where it is matched at least once, else `x*`: `(x+)?` where x may be empty, so that
        what is tried first stays first."""
        loop = self.add(Split(then, then))  # what it goes back to is known after that
        entry = self.before(tree.inside, loop)
        self.code[loop] = self._split(tree, entry, then)
        if tree.least > 0:
            return entry
        if _may_be_empty(tree.inside):
            return self._fork(tree, entry, then)
        return loop

    def _fork(self, tree: Repeat, again: int, then: int) -> int:
        return self.add(self._split(tree, again, then))

    @staticmethod
    def _split(tree: Repeat, again: int, then: int) -> Split:
        return Split(again, then) if tree.is_greedy else Split(then, again)


def _may_be_empty(tree: Tree) -> bool:
    match tree:
        case Character():
            return False
        case Assertion():
            return True
        case Group():
            return _may_be_empty(tree.inside)
        case Chain():
            return all(map(_may_be_empty, tree.parts))
        case Choice():
            return any(map(_may_be_empty, tree.parts))
        case Repeat():
            return tree.least == 0 or _may_be_empty(tree.inside)
