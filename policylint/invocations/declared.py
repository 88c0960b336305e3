"""What every reader of declarations shares: a tool's settings become Helm's flags, by data/declarations.yaml."""

from __future__ import annotations

import functools
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policylint.invocations.tree import Tree
from policylint.kyaml import load

_VARIABLE = re.compile(r"\$[A-Za-z_({]")

Reading = tuple[str, str]
"""(Helm 3's flag without dashes, how the setting is read), as a row of the data has it."""


@dataclass(frozen=True, slots=True)
class Word:
    """A text of a declaration: None where there is none, or where a template decides it (`dynamic`)."""

    text: str | None = None
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """One of Helm's flags as a declaration has it: `state` is set, unset (said to be off) or unknown."""

    flag: str
    state: str
    value: Any
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """How one tool spells Helm's flags; `mode` is what it does with the last release's values by default."""

    settings: Mapping[str, Reading]
    options: Mapping[str, Reading] = field(default_factory=dict)
    mode: str = "default"


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declared release; `line` is that of its item, block or document."""

    tool: str
    file: str
    line: int
    column: int
    release: Word
    chart: Word
    version: Word
    namespace: Word
    settings: Mapping[str, Setting] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    """The files that give values; `INLINE` for values written in the declaration itself."""
    sets: tuple[str, ...] = ()
    """The names of values set one by one."""
    action: str = "upgrade"
    hidden: bool = False
    """Whether a template or another file may set flags that are not seen here."""


INLINE = "<inline>"


@functools.cache
def tables() -> Mapping[str, Table]:
    """Every tool's table."""
    data = pkgutil.get_data("policylint", "data/declarations.yaml")
    raw: Mapping[str, Any] = load((data or b"").decode(), "declarations.yaml")
    return {tool: Table(_rows(row, "settings"), _rows(row, "options"), row["mode"]) for tool, row in raw.items()}


def _rows(row: Mapping[str, Any], key: str) -> dict[str, Reading]:
    return {name: (flag, reading) for name, (flag, reading) in row.get(key, {}).items()}


def word(tree: Tree | None, default: str | None = None) -> Word:
    """The text of a scalar; a template or a variable in it makes it unknown."""
    if tree is None or tree.text is None:
        return Word(default, bool(tree and tree.dynamic))
    if tree.dynamic or _VARIABLE.search(tree.text):
        return Word(None, True)
    return Word(tree.text or default)


def first(*words: Word) -> Word:
    """The first that says something."""
    return next((each for each in words if each.text is not None or each.dynamic), Word())


def settings(root: Tree, tool: str) -> Iterator[Setting]:
    """The flags that a declaration sets, and as unknown those that a template might set."""
    for path, reading in tables()[tool].settings.items():
        found = root.get(*path.split("."))
        if found is not None:
            yield from setting(found, reading, root)
        elif _hidden(root, path.split(".")):
            yield Setting(reading[0], "unknown", None)


def _hidden(root: Tree, path: list[str]) -> bool:
    """Whether a template in the place of a parent may hold the setting."""
    at: Tree | None = root
    for step in path:
        if at is None or at.open:
            return at is not None
        at = at.get(step)
    return False


def setting(found: Tree, reading: Reading, item: Tree) -> Iterator[Setting]:
    """What one written setting of the declaration `item` says; null says nothing."""
    if found.dynamic or found.sometimes(item) or _VARIABLE.search(found.text or ""):
        yield Setting(reading[0], "unknown", None, found.line, found.column)
    elif found.text is not None:
        yield from read_value(found.text, reading, found.line, found.column)


def read_value(text: str, reading: Reading, line: int = 0, column: int = 0) -> Iterator[Setting]:
    """What a setting's text says, read as the data tells."""
    flag, how = reading
    if how in ("switch", "inverse"):
        on = boolean(text)
        on = on if on is None or how == "switch" else not on
        state = "unknown" if on is None else "set" if on else "unset"
        yield Setting(flag, state, on, line, column)
    elif how == "waiting":
        if text not in ("", "0"):
            yield Setting(flag, "set", f"{text}s", line, column)
            yield Setting("wait", "set", True, line, column)
    else:
        bare = how == "seconds" and text.replace(".", "", 1).isdigit()
        yield Setting(flag, "set", f"{text}s" if bare else text, line, column)


def boolean(text: str) -> bool | None:
    """True or false as YAML 1.1 spells it; None for anything else."""
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    return words.get(text.lower())


def strongest(found: Iterable[Setting]) -> dict[str, Setting]:
    """One setting for each flag: the first that turns it on, else an unknown one, else the first."""
    rank = {"set": 2, "unknown": 1, "unset": 0}
    best: dict[str, Setting] = {}
    for each in found:
        if each.flag not in best or rank[each.state] > rank[best[each.flag].state]:
            best[each.flag] = each
    return best


def arguments(listed: Tree | None) -> Iterator[Setting]:
    """The flags of a list of raw arguments, one or several words an item."""
    words = [(text, item) for item in (listed.items() if listed else ()) for text in (item.text or "").split()]
    for index, (text, item) in enumerate(words):
        name, equals, value = text.removeprefix("--").partition("=")
        if not text.startswith("--") or not name:
            continue
        after = words[index + 1][0] if index + 1 < len(words) else "--"
        if item.dynamic:
            yield Setting(name, "unknown", None, item.line, item.column)
        elif boolean(value) is False:
            yield Setting(name, "unset", False, item.line, item.column)
        else:
            given = value if equals else after if not after.startswith("-") else True
            yield Setting(name, "set", boolean(value) or given, item.line, item.column)
