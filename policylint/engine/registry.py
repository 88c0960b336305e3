"""Where rules come from: the shipped packs, the Python checks, other packages. There is no central
list."""

from __future__ import annotations

import importlib
import itertools
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import ModuleType

from policylint.engine.rule import Rule
from policylint.errors import RuleFailure, UsageError, nearest
from policylint.model import Category
from policylint.runtime.derived import derived
from policylint.runtime.resources import modules, read, rule_files

CHECKS = "policylint.checks"
"""The package of the rules in Python: found by its name, as no rule may be named here."""
ENTRY_POINTS = "policylint.rules"


@cache
def shipped(subjects: frozenset[type] = frozenset()) -> tuple[Rule, ...]:
    """Every rule that comes with policylint, by id; with `subjects` those that judge one of these
    types.

    The modules of other rules are then not even loaded.
    """
    rules = [
        *python_rules(subjects),
        *yaml_rules(subjects),
    ]
    return sorted_rules(rules)


@cache
def ids() -> frozenset[str]:
    """The id of every shipped rule, from the names of their files."""
    python = {module.replace("_", "-") for module in modules(_checks())}
    return frozenset(python | {_rule_id(path) for path, _ in rule_files()})


def python_rules(subjects: frozenset[type] = frozenset()) -> Iterator[Rule]:
    """The rules of `policylint/checks/`; with `subjects` those that judge one of these types."""
    wanted = {subject_name(subject) for subject in subjects}
    if wanted:
        named = _subjects_by_module(frozenset(wanted))
    else:
        named = {}
    for module in modules(_checks()):
        if not wanted or not wanted.isdisjoint(named[module]):
            yield from rules_of(_check(module))


def subject_name(subject: type) -> str:
    """A type of subjects by its full name: two of them may be called alike."""
    return f"{subject.__module__}.{subject.__qualname__}"


@cache
def _subjects_by_module(wanted: frozenset[str]) -> Mapping[str, Sequence[str]]:
    """The subjects of each check's module, as the rules themselves declare them; kept, so that
    most modules need not be loaded.

    A type that no rule judges by what was kept may have moved since: then it is derived anew.
    """
    contents = [read(f"checks/{module}.py") for module in modules(_checks())]
    named: Mapping[str, Sequence[str]] = derived("subjects", contents, declared_subjects)
    if wanted.issubset(itertools.chain.from_iterable(named.values())):
        return named
    return declared_subjects()


def declared_subjects() -> dict[str, list[str]]:
    """The subjects of each check's module, by loading all of them."""
    return {module: _declared_by(module) for module in modules(_checks())}


def _declared_by(module: str) -> list[str]:
    rules = rules_of(_check(module))
    return sorted(subject_name(subject) for rule in rules for subject in rule.subjects)


def _checks() -> ModuleType:
    return importlib.import_module(CHECKS)


def _check(module: str) -> ModuleType:
    return importlib.import_module(f"{CHECKS}.{module}")


def _rule_id(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".yaml")


def rules_of(module: object) -> Iterator[Rule]:
    """The rules a module defines at its top level."""
    yield from (value for value in vars(module).values() if isinstance(value, Rule))


def yaml_rules(subjects: frozenset[type] = frozenset()) -> Iterator[Rule]:
    """The rules of `rules/`: inside the package in a wheel, beside it in a checkout; with
    `subjects` those that judge one of these types."""
    # Loaded by name, and so only where changes are judged: it brings the evaluation of CEL.
    reader = importlib.import_module("policylint.engine.yamlrule")
    return iter(reader.shipped_rules(frozenset(map(subject_name, subjects))))


def all_rules(
    subjects: frozenset[type] = frozenset(),
) -> tuple[tuple[Rule, ...], tuple[RuleFailure, ...]]:
    """Every rule there is, shipped or from other packages, and the packages whose rules would not
    load.

    With `subjects`, of the shipped ones those that judge one of these types (see `shipped`).
    """
    brought, failures = plugins()
    return (
        sorted_rules((*shipped(subjects), *brought)) if brought else shipped(subjects)
    ), failures


def plugins() -> tuple[tuple[Rule, ...], tuple[RuleFailure, ...]]:
    """The rules other packages give by the entry point `policylint.rules`, and those that would not
    load."""
    if not _named_somewhere(tuple(sys.path)):
        return (), ()
    from importlib.metadata import entry_points

    rules: list[Rule] = []
    failures = []
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            loaded = entry.load()
        except Exception as error:  # noqa: BLE001  a plugin that cannot load makes the verdict unknown, whatever it raises
            failures.append(
                RuleFailure(
                    entry.name,
                    f"the plugin does not load: {error}",
                    f"repair or remove {entry.value}",
                )
            )
            continue
        rules += [loaded] if isinstance(loaded, Rule) else rules_of(loaded)
    return sorted_rules(rules), tuple(failures)


@cache
def _named_somewhere(folders: tuple[str, ...]) -> bool:
    """Whether a package in one of these folders names the group: looking costs less than importing
    what reads the files."""
    group = f"[{ENTRY_POINTS}]".encode()
    return any(
        group in _entry_points(f"{folder or '.'}/{name}")
        for folder in folders
        for name in _infos(folder or ".")
    )


def _infos(folder: str) -> list[str]:
    """The directories of a folder of packages that describe one."""
    try:
        return [name for name in os.listdir(folder) if name.endswith("-info")]  # noqa: PTH208  pathlib costs more
    except OSError:  # no directory: a zipped wheel, or nothing at all
        return []


def _entry_points(info: str) -> bytes:
    try:
        with open(f"{info}/entry_points.txt", "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""


def select(
    rules: Iterable[Rule],
    *,
    selected: Iterable[str] = (),
    ignored: Iterable[str] = (),
    level: Category | None = None,
    known: frozenset[str] = frozenset(),
) -> tuple[Rule, ...]:
    """The rules that are wanted: by id, pack or category; `level` keeps its category and the harder
    ones. `known` are words that name rules which are not among these.

    Raises `UsageError` for a word that names nothing.
    """
    rules = tuple(rules)
    chosen, dropped = set(selected), set(ignored)
    if chosen or dropped:
        _refuse_unknown((chosen | dropped) - known, rules)
    order = list(Category)
    deepest = order.index(level) if level else len(order)
    return tuple(
        rule
        for rule in rules
        if order.index(rule.category) <= deepest
        and (not chosen or chosen & _words(rule))
        and not dropped & _words(rule)
    )


def _refuse_unknown(words: Iterable[str], rules: Iterable[Rule]) -> None:
    known = (
        {word for rule in rules for word in _words(rule)}
        | {str(category) for category in Category}
        | ids()
    )
    for word in sorted(words):
        if word not in known:
            raise UsageError(
                f"no rule, pack or category is called {word!r}", remedy=nearest(word, known)
            )


def _words(rule: Rule) -> set[str]:
    return {rule.id, rule.pack, str(rule.category)}


def sorted_rules(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules by id. Raises `UsageError` where two have the same."""
    by_id: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in by_id:
            raise UsageError(
                f"two rules are called {rule.id!r}", remedy="rename one of the two files"
            )
        by_id[rule.id] = rule
    return tuple(by_id[key] for key in sorted(by_id))
