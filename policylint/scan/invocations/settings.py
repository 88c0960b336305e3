"""A tool's own settings, read as Helm's flags by data/declarations.yaml."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from policylint.kyaml.tables import table
from policylint.runtime.patterns import pattern
from policylint.scan.shells import flags
from policylint.scan.shells.flags import Option, State
from policylint.scan.texts.source import NOWHERE, Place
from policylint.scan.texts.yaml import Tree

Reading = tuple[str, str]
"""(Helm 3's flag without dashes, how the setting is read), as a row of the data has it."""

_VARIABLE = pattern(r"\$[A-Za-z_({]")
_STATES: Mapping[bool | None, State] = {True: "set", False: "unset", None: "unknown"}
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Setting(Struct, frozen=True):
    """One of Helm's flags as a declaration has it."""

    flag: str
    state: State
    value: Any = None
    place: Place = NOWHERE
    written: str = ""


class Table(Struct, frozen=True):
    """How one tool spells Helm's flags; `mode` is what it does with the last release's values by
    default."""

    settings: Mapping[str, Reading]
    options: Mapping[str, Reading] = field(default_factory=dict)
    mode: str = "default"


@functools.cache
def tables() -> Mapping[str, Table]:
    """Every tool's table."""
    raw: Mapping[str, Any] = table("declarations")
    return {
        tool: Table(_rows(row, "settings"), _rows(row, "options"), row["mode"])
        for tool, row in raw.items()
    }


def _rows(row: Mapping[str, Any], key: str) -> dict[str, Reading]:
    return {name: (flag, reading) for name, (flag, reading) in row.get(key, {}).items()}


def varies(text: str) -> bool:
    """Whether a variable of a shell, of Make or of the tool stands in the text."""
    return bool(_VARIABLE.search(text))


def boolean(text: str) -> bool | None:
    """True or false as YAML 1.1 spells it; None for anything else."""
    return _WORDS.get(text.lower())


def settings(root: Tree, tool: str) -> Iterator[Setting]:
    """The flags that a declaration sets, and as unknown those that a template might set."""
    for path, reading in tables()[tool].settings.items():
        node = root.get(*path.split("."))
        if node is not None:
            yield from setting(node, reading, root)
        elif _hidden(root, path.split(".")):
            yield Setting(reading[0], "unknown")


def _hidden(root: Tree, path: list[str]) -> bool:
    """Whether a template in the place of a parent may hold the setting."""
    at: Tree | None = root
    for step in path:
        if at is None or at.open:
            return at is not None
        at = at.get(step)
    return False


def setting(node: Tree, reading: Reading, item: Tree) -> Iterator[Setting]:
    """What one written setting of the declaration `item` says; null says nothing."""
    if node.dynamic or node.sometimes(item) or varies(node.text or ""):
        yield untold(reading, node.place, node.name, there=not node.sometimes(item))
    elif node.text is not None:
        yield from read_value(node.text, reading, node.place, node.name)


def untold(reading: Reading, place: Place, written: str, *, there: bool = True) -> Setting:
    """A setting whose value cannot be told: a switch is unknown then, a value is given whatever it
    is."""
    valued = there and reading[1] in ("text", "seconds")
    return Setting(reading[0], "set" if valued else "unknown", None, place, written)


def read_value(text: str, reading: Reading, place: Place, written: str) -> Iterator[Setting]:
    """What a setting's text says, read as the data tells."""
    flag, how = reading
    if how in ("switch", "inverse"):
        on = boolean(text)
        if on is not None and how == "inverse":
            on = not on
        yield Setting(flag, _STATES[on], on, place, written)
    elif how == "waiting":
        if text not in ("", "0"):
            yield Setting(flag, "set", f"{text}s", place, written)
            yield Setting("wait", "set", True, place, written)
    else:
        bare = how == "seconds" and text.isascii() and text.replace(".", "", 1).isdigit()
        yield Setting(flag, "set", f"{text}s" if bare else text, place, written)


def literal(
    value: Any, undecided: bool, reading: Reading, place: Place, written: str
) -> Iterator[Setting]:
    """What a setting of a programming language says, from its JSON value."""
    if undecided or isinstance(value, (dict, list)):
        yield untold(reading, place, written)
    elif value is not None:
        if isinstance(value, bool):
            text = str(value).lower()
        else:
            text = str(value)
        yield from read_value(text, reading, place, written)


def strongest(settings: Iterable[Setting]) -> dict[str, Setting]:
    """One setting for each flag: the first that turns it on, else an unknown one, else the
    first."""
    rank = {"set": 2, "unknown": 1, "unset": 0}
    best: dict[str, Setting] = {}
    for setting in settings:
        if setting.flag not in best or rank[setting.state] > rank[best[setting.flag].state]:
            best[setting.flag] = setting
    return best


Argument = tuple[str, Place, bool]
"""(text, where it stands, whether a part of it is decided elsewhere) of one item of a list of
arguments."""


def arguments(listed: Tree | None) -> Iterator[Setting]:
    """The flags of a list of raw arguments to `helm upgrade`, one or several words an item."""
    items = listed.items() if listed else ()
    yield from argument_list([(item.text or "", item.place, item.dynamic) for item in items])


def argument_list(items: Iterable[Argument]) -> Iterator[Setting]:
    """The same of items that some other language has."""
    words = [(text, place, dynamic) for line, place, dynamic in items for text in line.split()]
    known = flags.spellings("upgrade")
    for index, (text, place, dynamic) in enumerate(words):
        spelled, equals, value = text.partition("=")
        option = known.get(spelled)
        if option is None:
            continue
        if index + 1 < len(words):
            following = words[index + 1][0]
        else:
            following = None
        separate = following if option.takes == "yes" else "true"
        yield _argument(option, value if equals else separate, dynamic, place, text)


def _argument(option: Option, value: str | None, dynamic: bool, place: Place, text: str) -> Setting:
    """One flag among raw arguments; `value` is None where the next word should have it and there is
    none."""
    name = flags.canonical(option.name)
    if dynamic or value is None:
        return Setting(name, "unknown", None, place, text)
    if option.takes == "yes":
        return Setting(name, "set", value, place, text)
    off = boolean(value) is False
    return Setting(name, "unset" if off else "set", not off, place, text)
