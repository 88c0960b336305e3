"""What reading a shell script has met so far: helm commands, functions, the calls that led in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from policylint.scan.shells.argv import Command, parse
from policylint.scan.shells.env import Env
from policylint.scan.shells.wrappers import Call
from policylint.scan.texts.text import Text

if TYPE_CHECKING:
    from tree_sitter import Node

_BUDGET = 400
"""How many function calls of one file are followed; what more there are is read once, arguments
unknown."""


class Run(Struct, frozen=True):
    """A helm command met while reading: `site` is its position in the file, `env` Helm's own
    variables.

    `command` are its words, told apart; None where they name no verb.
    """

    call: Call
    command: Command | None
    site: int
    span: tuple[int, int]
    env: Mapping[str, str]


class Caller(Struct, frozen=True):
    """A command through which the reading went in: the call of a function, a text given to a shell.

    Positions are 0-based characters of the file; -1 for none.
    """

    name: int
    """Where its first word stands; -1 for a shell that is given a text."""
    start: int
    end: int

    def wrote(self, position: int) -> bool:
        """Whether the position is in this command itself."""
        return self.start <= position < self.end


_NOBODY = Caller(-1, -1, -1)


class Shell(Struct):
    """One file's scripts: they share the functions they define, and the runs that were met."""

    file: str
    """The whole file's text."""
    runs: list[Run] = field(default_factory=list)
    functions: dict[str, tuple[Node, Text]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    callers: list[Caller] = field(default_factory=list)
    """From the outermost to the one whose function or text is being read."""
    budget: int = _BUDGET

    def define(self, name: str, body: Node, text: Text) -> None:
        """Note a function; one of the same name that was never called is kept aside, to be read in
        the end."""
        before = self.functions.get(name)
        if before is not None and before[1].at[before[0].start_byte] != text.at[body.start_byte]:
            if name not in self.called:
                self.functions[f"{name}\0{len(self.functions)}"] = before
            self.called.discard(name)
        self.functions[name] = (body, text)

    def uncalled(self) -> list[str]:
        """The functions that nothing has called so far."""
        return [name for name in self.functions if name not in self.called]

    def note(self, call: Call, span: tuple[int, int], env: Env, prefix: Mapping[str, str]) -> None:
        """Note a helm command; `prefix` are the variables set for it alone."""
        own = {
            name: value.known or ""
            for name, value in env.values.items()
            if isinstance(value, Text) and name.startswith("HELM_")
        }
        command = parse(call.words, call.tool)
        site = self._site(call, command, span)
        self.runs.append(Run(call, command, site, span, {**own, **prefix}))

    def _site(self, call: Call, command: Command | None, span: tuple[int, int]) -> int:
        """The helm word's position: that of its text, or where it is used with a verb of its
        own."""
        word, used = self._word(call), call.word.span[0]
        caller = self.callers[-1] if self.callers else _NOBODY
        if caller.wrote(word):
            return word
        verb = _verb(command, word)
        if caller.wrote(verb):
            # `run upgrade ...` where the function `run` says helm: each call is a place of its own
            if caller.name >= 0:
                return caller.name
            return self._before(call, caller.start, verb)
        elsewhere = not span[0] <= word < span[1] and _inside(call, span)
        if used >= 0 and (word < 0 or elsewhere):
            return used
        return word

    def _word(self, call: Call) -> int:
        """Where helm is said; where a variable with a name of its own for it is used."""
        word = self._program(call.word.text)
        used = call.word.span[0]
        if used >= 0 and not self._says_helm(word):
            return used
        return word

    def _says_helm(self, at: int) -> bool:
        return self.file[at : at + 4].lower() == "helm"

    def _program(self, text: Text) -> int:
        """Where the program's name stands behind its directories, else where the word begins."""
        name = text.slice(text.text.rfind("/") + 1, len(text.text)).start
        if name >= 0 and self._says_helm(name):
            return name
        return text.start

    def _before(self, call: Call, start: int, verb: int) -> int:
        """Where the variable stands that became the helm word in a string given to a shell: before
        its arguments."""
        behind = (word.text.start for word in call.words if word.text.start >= start)
        lead = self.file[start : min(behind, default=verb)].rstrip()
        return start + len(lead) - len(re.split(r"[\s\"'`;&|(]", lead)[-1])


def _verb(command: Command | None, otherwise: int) -> int:
    """Where the verb stands."""
    if command and command.verb:
        return command.verb.text.start
    return otherwise


def _inside(call: Call, span: tuple[int, int]) -> bool:
    """Whether one of the words stands in the command itself, and not in a variable elsewhere."""
    return any(span[0] <= word.text.start < span[1] for word in call.words)
