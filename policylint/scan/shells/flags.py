"""Helm's flags by line and verb: data/helm-flags.json as `--help` has it, data/helm-flags.yaml for
the rest."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, json

from policylint.kyaml import tables
from policylint.runtime import resources

LINES = ("3", "4")
State = Literal["set", "unset", "unknown"]
"""Whether one of Helm's flags is given: unset also where it is said to be off, unknown where the
text alone cannot tell."""


class Option(Struct, frozen=True):
    """One flag of one verb in one Helm line: `takes` is yes, no or optional (only behind `=`)."""

    name: str
    takes: str
    short: str = ""
    default: str = ""
    bare: str = ""
    """What the flag means without its optional value."""
    deprecated: str = ""
    """The spelling to use instead, for one that still works."""


@functools.cache
def _help() -> Mapping[str, Any]:
    rows: Mapping[str, Any] = json.decode(resources.data("helm-flags.json"))
    return rows


@functools.cache
def notes() -> Mapping[str, Any]:
    """What help does not tell: deprecated spellings, since and until, exclusions, Helm 2, other
    tools' flags."""
    rows: Mapping[str, Any] = tables.table("helm-flags")
    return rows


@functools.cache
def options(line: str, verb: str) -> Mapping[str, Option]:
    """Every flag that a verb ("upgrade", "repo add") of a Helm line knows, hidden and global ones
    included."""
    table = _help()[line]
    rows: dict[str, Any] = {**table["global"], **table["verbs"].get(verb, {}).get("flags", {})}
    by_name = {name: _option(name, row) for name, row in rows.items()}
    for hidden in notes()["hidden"]:
        if hidden["line"] == line and verb in hidden["verbs"]:
            by_name[hidden["name"]] = Option(
                hidden["name"], "no", deprecated=hidden.get("use") or "-"
            )
    return by_name


def _option(name: str, row: Mapping[str, str]) -> Option:
    return Option(
        name, row["takes"], row.get("short", ""), row.get("default", ""), row.get("bare", "")
    )


@functools.cache
def spellings(verb: str) -> Mapping[str, Option]:
    """Every way to spell a flag of this verb in any Helm line ("--wait", "-n"), for reading a
    command."""
    by_spelling: dict[str, Option] = {}
    for row in notes()["helm2"]:
        if verb in row["verbs"]:
            option = Option(row["name"], row["takes"], row.get("short", ""))
            by_spelling |= dict.fromkeys(
                (f"--{option.name}", *([f"-{option.short}"] if option.short else ())), option
            )
    for line in LINES:
        for option in options(line, verb).values():
            known = by_spelling.get(f"--{option.name}")
            if known is None or known.takes == "no":  # --wait takes a value in one line only
                by_spelling[f"--{option.name}"] = option
            if option.short:
                by_spelling[f"-{option.short}"] = option
    return by_spelling


def takes_value(word: str) -> bool:
    """Whether a word is a flag of `helm upgrade` whose value is the next word: `--set`, `-f`."""
    if word.startswith("-"):
        option = spellings("upgrade").get(word)
    else:
        option = None
    return option is not None and option.takes == "yes"


@functools.cache
def plugin(verb: str) -> Mapping[str, Option]:
    """The spellings of a plugin's own flags."""
    rows = [row for row in notes()["plugins"] if verb in row["verbs"]]
    by_spelling: dict[str, Option] = {}
    for row in rows:
        option = Option(row["name"], row.get("takes", "yes"), row.get("short", ""))
        by_spelling[f"--{option.name}"] = option
        if option.short:
            by_spelling[f"-{option.short}"] = option
    return by_spelling


@functools.cache
def general() -> Mapping[str, Option]:
    """The spellings that may stand before the verb; those of no verb in particular."""
    by_spelling = dict(spellings(""))
    for row in notes()["helm2"]:
        by_spelling.setdefault(f"--{row['name']}", Option(row["name"], row["takes"]))
    return by_spelling


@functools.cache
def verbs() -> Mapping[str, str]:
    """Each verb and alias of Helm -> the verb; subcommands apart."""
    verb_of: dict[str, str] = {"help": "help", "completion": "completion", **notes()["verbs"]}
    for line in LINES:
        for path, row in _help()[line]["verbs"].items():
            if " " not in path:
                verb_of |= dict.fromkeys((path, *row.get("aliases", ())), path)
    return verb_of


@functools.cache
def subcommands(verb: str) -> Mapping[str, str]:
    """Each subcommand and alias of a verb -> the subcommand; empty for a verb that has none."""
    subcommand_of: dict[str, str] = dict(notes()["subcommands"].get(verb, {}))
    for line in LINES:
        for path, row in _help()[line]["verbs"].items():
            parent, _, name = path.rpartition(" ")
            if parent == verb:
                subcommand_of |= dict.fromkeys((name, *row.get("aliases", ())), name)
    return subcommand_of


@functools.cache
def helmfile() -> Mapping[str, Option]:
    """The spellings of helmfile's flags; those that are Helm's own keep Helm's names."""
    by_spelling: dict[str, Option] = {}
    for row in notes()["helmfile"]["flags"]:
        option = Option(row["name"], row["takes"], row.get("short", ""))
        by_spelling[f"--{option.name}"] = option
        if option.short:
            by_spelling[f"-{option.short}"] = option
    return by_spelling


@functools.cache
def canonical(name: str) -> str:
    """Helm 3's name of a flag: `rollback-on-failure` is `atomic`, `force-replace` is `force`."""
    renamed: Mapping[str, str] = notes()["renamed"]
    return renamed.get(name, name)
