"""Reads a shell script as a shell would, without running anything: which helm commands, with which
words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from policylint.scan.shells.argv import Command
from policylint.scan.shells.argv import parse as parse_words
from policylint.scan.shells.commands import DEPTH
from policylint.scan.shells.env import Env
from policylint.scan.shells.statements import Statements
from policylint.scan.shells.syntax import globals_set, mended, prepare
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


class Shell(Struct):
    """One file's scripts: they share the functions they define, and what was found."""

    file: str
    runs: list[Run] = field(default_factory=list)
    functions: dict[str, tuple[Node, Text]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    stack: list[tuple[int, int, int]] = field(default_factory=list)
    """(first word, start, end) of the commands that called the functions being read."""
    budget: int = _BUDGET

    def read(self, text: Text, env: Env | None = None, *, templates: bool = True) -> None:
        """Read a whole script; functions that it never calls are read last, their arguments
        unknown."""
        env = env if env is not None else Env()
        self.script(prepare(text, templates=templates), env)
        waiting = [name for name in self.functions if name not in self.called]
        env = self._shared(waiting, env)
        for name in [name for name in self.functions if name not in self.called]:
            self.called.add(name)
            self._uncalled(name, env)

    def define(self, name: str, body: Node, text: Text) -> None:
        """Note a function; one of the same name that was never called is kept aside, to be read in
        the end."""
        before = self.functions.get(name)
        if before is not None and before[1].at[before[0].start_byte] != text.at[body.start_byte]:
            if name not in self.called:
                self.functions[f"{name}\0{len(self.functions)}"] = before
            self.called.discard(name)
        self.functions[name] = (body, text)

    def _uncalled(self, name: str, env: Env) -> Env:
        """Read a function whose arguments are unknown; its variables in the end."""
        body, source = self.functions[name]
        inner = env.copy()
        inner.values.pop("@", None)
        Statements(self, source, inner).block([body])
        return inner

    def _shared(self, names: list[str], env: Env) -> Env:
        """With the variables that one of these functions sets for the others: those set once, and
        not locally."""
        places = [(name, each) for name in names for each in globals_set(*self.functions[name])]
        set_once = {
            each: name for name, each in places if [key for _, key in places].count(each) == 1
        }
        if len(names) < 2 or not set_once:
            return env
        before = (list(self.runs), set(self.called), self.budget)
        found = env.copy()
        for name in dict.fromkeys(set_once.values()):
            inner = self._uncalled(name, env)
            for key in (
                key for key, at in set_once.items() if at == name and key not in env.values
            ):
                if key in inner.values:
                    found.values[key] = inner.values[key]
        self.runs, self.called, self.budget = before
        return found

    def script(self, text: Text, env: Env) -> None:
        """Read a text in an environment that it may change."""
        if len(self.stack) > DEPTH:
            return
        whole, root = mended(text)
        Statements(self, whole, env).block([root])

    def found(self, call: Call, span: tuple[int, int], env: Env, prefix: Mapping[str, str]) -> None:
        """Note a helm command."""
        own = {
            name: value.known or ""
            for name, value in env.values.items()
            if isinstance(value, Text) and name.startswith("HELM_")
        }
        command = parse_words(call.words, call.tool)
        self.runs.append(
            Run(call, command, self._site(call, command, span), span, {**own, **prefix})
        )

    def _site(self, call: Call, command: Command | None, span: tuple[int, int]) -> int:
        """The helm word's position: that of its text, or where it is used with a verb of its
        own."""
        word = self._program(call.word.text)
        if self.file[word : word + 4].lower() != "helm" and call.word.span[0] >= 0:
            word = call.word.span[0]  # a variable: the place is where it is used
        verb = command.verb.text.start if command and command.verb else word
        given = False
        if self.stack:
            first, start, end = self.stack[-1]
            given = start <= word < end
            if start <= verb < end and not given:
                return first if first >= 0 else self._before(call, start, verb)
        inside = any(span[0] <= each.text.start < span[1] for each in call.words) and not given
        if word >= 0 and (span[0] <= word < span[1] or not inside):
            return word
        return call.word.span[0] if call.word.span[0] >= 0 else word

    def _program(self, text: Text) -> int:
        """Where the program's name stands behind its directories, else where the word begins."""
        name = text.slice(text.text.rfind("/") + 1, len(text.text)).start
        return name if self.file[name : name + 4].lower() == "helm" and name >= 0 else text.start

    def _before(self, call: Call, start: int, verb: int) -> int:
        """Where the variable stands that became the helm word in a string given to a shell: before
        its arguments."""
        first = min(
            [each.text.start for each in call.words if each.text.start >= start], default=verb
        )
        lead = self.file[start:first].rstrip()
        return start + len(lead) - len(re.split(r"[\s\"'`;&|(]", lead)[-1])
