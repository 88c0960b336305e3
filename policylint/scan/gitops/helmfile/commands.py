"""helmfile: the commands of a repository that roll its helmfiles out, and what they hand to them.

Source: `helmfile --help` and `helmfile apply --help` of v0.167.1: `--state-values-set` lies over
the values of the environment; `--set`, `--values` and `--args` go to Helm, for every release.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from policylint.model import Json
from policylint.runtime.digits import whole
from policylint.scan.gitops.helmfile.states import DEFAULT
from policylint.scan.gitops.scripts import running
from policylint.scan.gitops.tree import Tree, normal
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.walk import scan

_ROLLS_OUT = ("apply", "sync")
_PROGRAM = re.compile(r"\bhelmfile\b", re.IGNORECASE)
_VERB = re.compile(r"\b(?:apply|sync)\b")
_STATE = "state-values-set"
_HANDED = (
    *("state-values-set-string", "state-values-file", "set", "set-string", "set-json", "set-file"),
    *("values", "args", "sync-args", "chart", "namespace", "kube-context", "post-renderer"),
)
"""Flags that decide what Helm is given, and are not put in here."""
_NAMES = ("helmfile.yaml", "helmfile.yml", "helmfile.yaml.gotmpl", "helmfile.yml.gotmpl")
_CHOOSING = ("file", "environment", "selector")
_ASSIGNED = re.compile(r"([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)=([^,={}\[\]\\$]*)")
_CONSTANTS: Mapping[str, Json] = {"true": True, "false": False, "null": None}


class Run(Struct, frozen=True):
    """One command that rolls helmfiles out. `file` and `environment` are "" where the command
    leaves the choice to helmfile, None where a variable makes it."""

    place: str
    folder: str
    file: str | None = ""
    environment: str | None = ""
    selectors: tuple[str, ...] = ()
    """None where a variable decides them: any release may be taken."""
    state: tuple[str, ...] = ()
    """The texts of `--state-values-set`."""
    handed: tuple[str, ...] = ()
    """Flags beside those, with their values."""
    choice: str = ""
    """The words that say which releases it takes."""

    def is_for(self, environment: str) -> bool:
        """Whether it may roll out in this environment, "" for the default one."""
        return self.environment is None or (self.environment or DEFAULT) == (environment or DEFAULT)

    def names(self, name: str) -> bool:
        """Whether it may take this helmfile."""
        if self.file is None:
            return True
        if self.file:
            path = normal(posixpath.join(self.folder, self.file))
            named = (normal(self.file), path)
            return name in named or name.startswith(tuple(f"{folder}/" for folder in named))
        is_in_folder = posixpath.basename(posixpath.dirname(name)) == "helmfile.d"
        return is_in_folder or posixpath.basename(name) in _NAMES


def runs_of(tree: Tree) -> tuple[Run, ...]:
    """The commands of a tree that roll helmfiles out."""
    files = [tree.root / name for name in running(tree, _PROGRAM, _VERB)]
    invocations = scan(files, tree.root).invocations if files else ()
    return tuple(
        _run(invocation)
        for invocation in invocations
        if invocation.tool == "helmfile" and invocation.action in _ROLLS_OUT
    )


def _run(invocation: Invocation) -> Run:
    return Run(
        f"{invocation.file}:{invocation.line}",
        posixpath.dirname(invocation.file),
        _named(invocation, "file"),
        _named(invocation, "environment"),
        _selectors(invocation),
        tuple(_values(invocation, _STATE)),
        tuple(_handed(invocation)),
        " ".join(text for name in _CHOOSING for text in _values(invocation, name)),
    )


def _selectors(invocation: Invocation) -> tuple[str, ...]:
    selectors = tuple(_values(invocation, "selector"))
    return () if any("$" in selector for selector in selectors) else selectors


def _named(invocation: Invocation, name: str) -> str | None:
    """The value of a flag, "" where it is not given, None where it is not known."""
    flag = invocation.flag(name)
    if flag.state == "unset":
        return ""
    return flag.value if isinstance(flag.value, str) else None


def _values(invocation: Invocation, name: str) -> Iterator[str]:
    """Every value of a flag, as it is written."""
    flags = invocation.command.flags if invocation.command else ()
    for flag in flags:
        if flag.option.name == name:
            yield flag.data if isinstance(flag.data, str) else " ".join(w.raw for w in flag.words)


def _handed(invocation: Invocation) -> Iterator[str]:
    for name in _HANDED:
        yield from (f"--{name} {text}" for text in _values(invocation, name))


def state_values(runs: Iterable[Run], environment: str) -> tuple[dict[str, Json], str]:
    """What these commands set in the values of an environment, and why it is not known."""
    texts = {run.state: run for run in runs if run.is_for(environment)}
    if len(texts) > 1:
        places = ", ".join(run.place for run in texts.values())
        return {}, f"what each of {places} sets in its state values"
    values: dict[str, Json] = {}
    for state, run in texts.items():
        for part in ",".join(state).split(",") if state else ():
            match = _ASSIGNED.fullmatch(part)
            if match is None:
                return {}, f"{part}, which {run.place} sets in its state values"
            _put(values, match[1].split("."), _typed(match[2]))
    return values, ""


def _put(values: dict[str, Json], keys: list[str], entry: Json) -> None:
    for key in keys[:-1]:
        below = values.get(key)
        if not isinstance(below, dict):
            below = values[key] = {}
        values = below
    values[keys[-1]] = entry


def _typed(text: str) -> Json:
    """A text as Helm's --set reads it."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    number = whole(text)
    if number is None or (text.startswith("0") and text != "0") or text.startswith("+"):
        return text
    return number
