"""Helm's flags by line and verb: data/helm-flags.json as `--help` has it, data/helm-flags.yaml for
the rest."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, json

from policylint.kyaml import tables
from policylint.runtime import resources

LINES = ("3", "4")


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
    found: Mapping[str, Any] = json.decode(resources.data("helm-flags.json"))
    return found


@functools.cache
def notes() -> Mapping[str, Any]:
    """What help does not tell: deprecated spellings, since and until, exclusions, Helm 2, other
    tools' flags."""
    found: Mapping[str, Any] = tables.table("helm-flags")
    return found


@functools.cache
def options(line: str, verb: str) -> Mapping[str, Option]:
    """Every flag that a verb ("upgrade", "repo add") of a Helm line knows, hidden and global ones
    included."""
    table = _help()[line]
    rows: dict[str, Any] = {**table["global"], **table["verbs"].get(verb, {}).get("flags", {})}
    found = {name: _option(name, row) for name, row in rows.items()}
    for hidden in notes()["hidden"]:
        if hidden["line"] == line and verb in hidden["verbs"]:
            found[hidden["name"]] = Option(
                hidden["name"], "no", deprecated=hidden.get("use") or "-"
            )
    return found


def _option(name: str, row: Mapping[str, str]) -> Option:
    return Option(
        name, row["takes"], row.get("short", ""), row.get("default", ""), row.get("bare", "")
    )


@functools.cache
def spellings(verb: str) -> Mapping[str, Option]:
    """Every way to spell a flag of this verb in any Helm line ("--wait", "-n"), for reading a
    command."""
    found: dict[str, Option] = {}
    for row in notes()["helm2"]:
        if verb in row["verbs"]:
            option = Option(row["name"], row["takes"], row.get("short", ""))
            found |= dict.fromkeys(
                (f"--{option.name}", *([f"-{option.short}"] if option.short else ())), option
            )
    for line in LINES:
        for option in options(line, verb).values():
            known = found.get(f"--{option.name}")
            if known is None or known.takes == "no":  # --wait takes a value in one line only
                found[f"--{option.name}"] = option
            if option.short:
                found[f"-{option.short}"] = option
    return found


def takes_value(word: str) -> bool:
    """Whether a word is a flag of `helm upgrade` whose value is the next word: `--set`, `-f`."""
    option = spellings("upgrade").get(word) if word.startswith("-") else None
    return option is not None and option.takes == "yes"


@functools.cache
def plugin(verb: str) -> Mapping[str, Option]:
    """The spellings of a plugin's own flags."""
    rows = [row for row in notes()["plugins"] if verb in row["verbs"]]
    found = {
        f"--{row['name']}": Option(row["name"], row.get("takes", "yes"), row.get("short", ""))
        for row in rows
    }
    return {**found, **{f"-{option.short}": option for option in found.values() if option.short}}


@functools.cache
def general() -> Mapping[str, Option]:
    """The spellings that may stand before the verb; those of no verb in particular."""
    found = dict(spellings(""))
    for row in notes()["helm2"]:
        found.setdefault(f"--{row['name']}", Option(row["name"], row["takes"]))
    return found


@functools.cache
def verbs() -> Mapping[str, str]:
    """Each verb and alias of Helm -> the verb; subcommands apart."""
    found: dict[str, str] = {"help": "help", "completion": "completion", **notes()["verbs"]}
    for line in LINES:
        for path, row in _help()[line]["verbs"].items():
            if " " not in path:
                found |= dict.fromkeys((path, *row.get("aliases", ())), path)
    return found


@functools.cache
def subcommands(verb: str) -> Mapping[str, str]:
    """Each subcommand and alias of a verb -> the subcommand; empty for a verb that has none."""
    found: dict[str, str] = dict(notes()["subcommands"].get(verb, {}))
    for line in LINES:
        for path, row in _help()[line]["verbs"].items():
            parent, _, name = path.rpartition(" ")
            if parent == verb:
                found |= dict.fromkeys((name, *row.get("aliases", ())), name)
    return found


@functools.cache
def helmfile() -> Mapping[str, Option]:
    """The spellings of helmfile's flags; those that are Helm's own keep Helm's names."""
    found: dict[str, Option] = {}
    for row in notes()["helmfile"]["flags"]:
        option = Option(row["name"], row["takes"], row.get("short", ""))
        found[f"--{option.name}"] = option
        if option.short:
            found[f"-{option.short}"] = option
    return found


@functools.cache
def canonical(name: str) -> str:
    """Helm 3's name of a flag: `rollback-on-failure` is `atomic`, `force-replace` is `force`."""
    renamed: Mapping[str, str] = notes()["renamed"]
    return renamed.get(name, name)
