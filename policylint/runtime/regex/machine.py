"""Runs programs on texts: whether one matches by a lazily built DFA, where it matches by a Pike VM.

Both take time that grows with the text and with the program, and with nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from policylint.runtime.regex.classes import Ranges
from policylint.runtime.regex.program import Demand, Found, Program, Save, Split, Take, compiled
from policylint.runtime.regex.syntax import RegexError, TooLargeError, parsed

error = RegexError
"""What a pattern that cannot be compiled raises, by the name that RE2's module has for it."""
_MOST_STEPS = 20_000_000
"""What one pattern may do on one text: some seconds."""
_MOST_STATES = 2_000
_MATCHED = -1
_WORD = "_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

Slots = tuple[int, ...]


def compile(pattern: str, _options: object = None) -> Pattern:
    """A pattern ready to be matched; raises `error`, and UnicodeEncodeError for what is no
    text."""
    pattern.encode()
    return Pattern(compiled(parsed(pattern)))


class Match:
    """Where a pattern matched, and its groups, which are None where they took no part."""

    def __init__(self, text: str, slots: Slots, names: dict[str, int]) -> None:
        self._text = text
        self._slots = slots
        self._names = names

    def __getitem__(self, group: int | str) -> str | None:
        start, end = self._span(group)
        return self._text[start:end] if start >= 0 and end >= 0 else None

    def start(self, group: int | str = 0) -> int:
        """Where a group begins."""
        return self._span(group)[0]

    def end(self, group: int | str = 0) -> int:
        """Where a group ends."""
        return self._span(group)[1]

    def _span(self, group: int | str) -> tuple[int, int]:
        number = self._names.get(group, -1) if isinstance(group, str) else group
        if not 0 <= number < len(self._slots) // 2:
            raise IndexError(f"no such group: {group}")
        return self._slots[2 * number], self._slots[2 * number + 1]


class Pattern:
    """A compiled pattern, and the states that its DFA has been in."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._steps = 0
        self._fits: dict[tuple[int, str], bool] = {}
        self._forget()

    def search(self, text: str) -> Match | None:
        """The first match in a text; raises TooLargeError where that takes too long."""
        text.encode()
        self._steps = 0
        return self._first(text, 0) if self._matches(text) else None

    def finditer(self, text: str) -> Iterator[Match]:
        """The matches, one behind the other; raises TooLargeError where that takes too long."""
        text.encode()
        self._steps = 0
        at = 0
        while at <= len(text):
            match = self._first(text, at)
            if match is None:
                return
            yield match
            at = (
                max(match.end(), match.start() + 1) if match.end() == match.start() else match.end()
            )

    # Whether it matches: states are the instructions at which a match may go on.

    def _matches(self, text: str) -> bool:
        state = self._state(frozenset(), "start")
        for character in (*text, ""):
            following = self._moves.get((state, character))
            if following is None:
                if len(self._states) > _MOST_STATES:
                    at, before = self._states[state]
                    self._forget()
                    state = self._state(at, before)
                following = self._moved(state, character)
                self._moves[state, character] = following
            if following == _MATCHED:
                return True
            state = following
        return False

    def _forget(self) -> None:
        self._states: list[tuple[frozenset[int], str]] = []
        self._numbers: dict[tuple[frozenset[int], str], int] = {}
        self._moves: dict[tuple[int, str], int] = {}

    def _state(self, at: frozenset[int], before: str) -> int:
        number = self._numbers.setdefault((at, before), len(self._states))
        if number == len(self._states):
            self._states.append((at, before))
        return number

    def _moved(self, state: int, character: str) -> int:
        at, before = self._states[state]
        behind = _kind(character)
        reached: set[int] = set()
        pending = [*at, self._program.entry]
        following: set[int] = set()
        while pending:
            number = pending.pop()
            if number in reached:
                continue
            reached.add(number)
            self._work()
            instruction = self._program.code[number]
            if isinstance(instruction, Found):
                return _MATCHED
            if isinstance(instruction, Take):
                if character and self._takes(number, instruction.ranges, character):
                    following.add(instruction.then)
            else:
                pending += _onward(instruction, before, behind)
        return self._state(frozenset(following), behind)

    # Where it matches: the threads of a Pike VM, those before rather than those behind.

    def _first(self, text: str, start: int) -> Match | None:
        threads: list[tuple[int, Slots]] = []
        best: Slots | None = None
        nothing = (-1,) * self._program.slots
        for at in range(start, len(text) + 1):
            if best is None:
                threads.append((self._program.entry, nothing))
            threads, slots = self._advanced(threads, text, at)
            best = slots or best
            if best is not None and not threads:
                break
        return None if best is None else Match(text, best, self._program.names)

    def _advanced(
        self, threads: list[tuple[int, Slots]], text: str, at: int
    ) -> tuple[list[tuple[int, Slots]], Slots | None]:
        """The threads behind a character, up to the first that is done here, and its slots."""
        character = text[at : at + 1]
        before, behind = _kind(text[at - 1]) if at else "start", _kind(character)
        reached: set[int] = set()
        following: list[tuple[int, Slots]] = []
        pending = threads[::-1]
        while pending:
            number, slots = pending.pop()
            if number in reached:
                continue
            reached.add(number)
            self._work()
            instruction = self._program.code[number]
            if isinstance(instruction, Found):
                return following, slots
            if isinstance(instruction, Take):
                if character and self._takes(number, instruction.ranges, character):
                    following.append((instruction.then, slots))
                continue
            if isinstance(instruction, Save):
                slots = (*slots[: instruction.slot], at, *slots[instruction.slot + 1 :])
            pending += [(then, slots) for then in _onward(instruction, before, behind)]
        return following, None

    def _takes(self, number: int, ranges: Ranges, character: str) -> bool:
        fits = self._fits.get((number, character))
        if fits is None:
            code = ord(character)
            index = bisect_right(ranges, (code, 0x110000)) - 1
            fits = index >= 0 and code <= ranges[index][1]
            if len(self._fits) > 50 * _MOST_STATES:
                self._fits.clear()
            self._fits[number, character] = fits
        return fits

    def _work(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise TooLargeError("a text too large for the pattern")


def _onward(instruction: Split | Save | Demand, before: str, behind: str) -> tuple[int, ...]:
    """Where an instruction that takes no character goes on: what is tried first, last."""
    if isinstance(instruction, Split):
        return instruction.second, instruction.first
    if isinstance(instruction, Demand) and not _holds(instruction.place, before, behind):
        return ()
    return (instruction.then,)


def _kind(character: str) -> str:
    """What places tell characters apart by."""
    if not character:
        return "end"
    if character == "\n":
        return "line-end"
    return "word" if character in _WORD else "other"


def _holds(place: str, before: str, behind: str) -> bool:
    match place:
        case "begin-text":
            return before == "start"
        case "end-text":
            return behind == "end"
        case "begin-line":
            return before in ("start", "line-end")
        case "end-line":
            return behind in ("end", "line-end")
    is_boundary = (before == "word") != (behind == "word")
    return is_boundary == (place == "word")
