"""Reads a shell script as a shell would, without running anything: which helm commands, with which
words."""

from __future__ import annotations

from collections import Counter

from policylint.scan.shells.env import Env
from policylint.scan.shells.runs import Shell
from policylint.scan.shells.statements import Statements
from policylint.scan.shells.syntax import globals_set, prepare
from policylint.scan.texts.text import EMPTY, Text


def read(shell: Shell, text: Text, env: Env | None = None, *, templates: bool = True) -> None:
    """Read a whole script of a file, its runs noted in `shell`.

    Functions that the script never calls are read last, their arguments unknown.
    """
    env = env if env is not None else Env()
    read_part(shell, prepare(text, templates=templates), env)
    env = _shared(shell, shell.uncalled(), env)
    for name in shell.uncalled():
        shell.called.add(name)
        _read_function(shell, name, env)


def read_part(shell: Shell, text: Text, env: Env) -> None:
    """Read a part of a script as it stands, in an environment that it may change."""
    Statements(shell, EMPTY, env).script(text, env)


def _read_function(shell: Shell, name: str, env: Env) -> Env:
    """Read a function whose arguments are unknown; its variables in the end."""
    body, source = shell.functions[name]
    inner = env.copy()
    inner.values.pop("@", None)
    Statements(shell, source, inner).block([body])
    return inner


def _shared(shell: Shell, names: list[str], env: Env) -> Env:
    """With the variables that one of these functions sets for the others: those set once, and not
    locally.

    A file of functions alone is a library: whoever loads it calls the one that sets the variables
    before those that use them.
    """
    setters = _setters(shell, names)
    if len(names) < 2 or not setters:
        return env
    before = (list(shell.runs), set(shell.called), shell.budget)
    shared = env.copy()
    for name in dict.fromkeys(setters.values()):
        inner = _read_function(shell, name, env)
        for variable, setter in setters.items():
            if setter == name and variable not in env.values and variable in inner.values:
                shared.values[variable] = inner.values[variable]
    # That reading was for the variables alone: the runs are noted when all functions are read.
    shell.runs, shell.called, shell.budget = before
    return shared


def _setters(shell: Shell, names: list[str]) -> dict[str, str]:
    """Each variable that these functions set exactly once -> the function that sets it."""
    places = [
        (name, variable) for name in names for variable in globals_set(*shell.functions[name])
    ]
    times = Counter(variable for _, variable in places)
    return {variable: name for name, variable in places if times[variable] == 1}
