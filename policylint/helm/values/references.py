"""Which values a chart's templates read: every `.Values.a.b` with its place, and what must be left
alone.

The scan only looks at template actions, and it errs on the side of "read": naming a table reads all
below it (`with`, `range`, `toYaml`, an argument of `include`), a bare `.Values` reads everything,
and what a helper reads counts for every chart, because a named template runs with its caller's
values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct, field

from policylint.helm.values.chart import Chart, ChartFile, Dependency
from policylint.helm.values.tables import Table
from policylint.runtime.goactions import closed
from policylint.runtime.patterns import pattern

Path = tuple[str, ...]

_ACTION = pattern(r"\{\{-?\s*(?!/\*)(.*?)-?\}\}", re.DOTALL)
_VALUES = pattern(r"\.Values((?:\.[A-Za-z_]\w*)*)(?![\w.])")
_LITERALS = pattern(r'(?:\s+"([^"]*)")+')
_LITERAL = pattern(r'"([^"]*)"')
_BEFORE = pattern(r"\b(index|get|hasKey|dig)\s*+\(?\s*+(?:\$\w*)?(?:\.\w+)*$")
_BLOCK = pattern(r"(if|with|range|else|end|define|block)\b\s*(.*)", re.DOTALL)
_PLAIN_IF = pattern(r"if\s+\$?\.Values((?:\.\w+)*)")
_STRING = pattern(r'"(?:\\.|[^"\\])*"|`[^`]*`')


class Reference(Struct, frozen=True):
    """One reading of a value: its key path, and the template with its 1-based line and column.

    `conditions` are the actions (`if`, `with`, `range`, `else`) around it, outermost first.
    """

    path: Path
    file: str
    line: int
    column: int
    conditions: tuple[str, ...] = ()
    beside: tuple[Path, ...] = ()
    """What the same action reads before it, as `and .Values.a .Values.a.b` does."""

    @property
    def whole(self) -> bool:
        """Whether `.Values` itself is handed on, so that every key may be read."""
        return not self.path


class Usage(Struct, frozen=True):
    """What a chart's templates read, with the charts below it: by scope, and by helpers for every
    scope."""

    own: tuple[Reference, ...]
    helpers: tuple[Reference, ...]
    children: dict[str, Usage] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()
    """Dependencies whose chart is not there to be looked at."""
    settings: tuple[Path, ...] = ()
    """Conditions and tags, which Helm itself reads."""

    def reads(self, path: Path) -> bool:
        """Whether anything may read the value at a path, or something above or below it."""
        if self.unseen or any(_touch(setting, path) for setting in self.settings):
            return True  # a chart that is not there may be a library that reads its caller's values
        references = (*self.own, *self.helpers)
        if any(_touch(reference.path, path) for reference in references):
            return True
        child = self.children.get(path[0])
        if child is not None:
            return len(path) == 1 or child.reads(path[1:])
        return path[0] == "global" and any(inner.reads(path) for inner in self.children.values())

    def known(self) -> set[Path]:
        """Every path that is read, for naming the nearest one."""
        paths = {reference.path for reference in self.own if reference.path}
        for name, child in self.children.items():
            paths |= {(name, *path) for path in child.known()}
        return paths


@lru_cache(maxsize=8)
def usage(chart: Chart) -> Usage:
    """What is read in a chart and the charts below it, those that are switched off included."""
    helpers = tuple(reference for _, part in chart.walk() for reference in _helpers(part))
    return _usage(chart, helpers)


def references(chart: Chart, where: str) -> tuple[Reference, ...]:
    """The readings in a chart's own templates and helpers; `where` is the chart's full path, as
    Helm names it."""
    return tuple(
        reference
        for template in chart.templates
        for reference in scan(template.text, f"{where}/{template.name}")
    )


def _usage(chart: Chart, helpers: tuple[Reference, ...]) -> Usage:
    dependencies = chart.dependencies or ()
    charts = {child.name: _usage(child, helpers) for child in chart.charts}
    children = dict(charts)
    for dependency in dependencies:
        if dependency.name in charts:
            children[dependency.key] = charts[dependency.name]
    absent = [dependency.key for dependency in dependencies if dependency.key not in children]
    return Usage(
        own=tuple(_own(chart)),
        helpers=helpers,
        children=children,
        unseen=frozenset(absent),
        settings=tuple(_settings(dependencies)),
    )


def _own(chart: Chart) -> Iterator[Reference]:
    """What is read in all of a chart that may run as a template."""
    for file in (*chart.templates, *filter(_may_be_template, chart.files)):
        yield from scan(file.text, f"{chart.name}/{file.name}")
    yield from scan(chart.values_text, f"{chart.name}/values.yaml")  # values run through tpl


def _settings(dependencies: tuple[Dependency, ...]) -> Iterator[Path]:
    """The paths of the conditions and tags of dependencies."""
    for dependency in dependencies:
        for condition in filter(None, dependency.condition.split(",")):
            yield tuple(condition.split("."))
        for tag in dependency.tags:
            yield "tags", tag


def _helpers(chart: Chart) -> Iterator[Reference]:
    for file in chart.templates:
        if "define" in file.text:
            yield from scan(file.text, f"{chart.name}/{file.name}")


def _may_be_template(file: ChartFile) -> bool:
    return not file.name.startswith("crds/") and b"{{" in file.data and b"\0" not in file.data


def _touch(left: Path, right: Path) -> bool:
    shared = min(len(left), len(right))
    return left[:shared] == right[:shared]


@lru_cache(maxsize=8192)
def scan(text: str, file: str) -> tuple[Reference, ...]:
    """The readings in one template text, in order."""
    if ".Values" in text:
        return tuple(_scan(text, file))
    return ()


def _scan(text: str, file: str) -> Iterator[Reference]:
    open_blocks: list[str] = []
    line, counted = 1, 0
    for action in _ACTION.finditer(closed(text)):
        inside = action.group(1)
        block = _BLOCK.match(inside)
        if block and block.group(1) == "end" and open_blocks:
            open_blocks.pop()
        beside: tuple[Path, ...] = ()
        for match in _outside_strings(inside):
            at = action.start(1) + _named_at(match, inside)
            line, counted = line + text.count("\n", counted, at), at
            path = _path(match, inside)
            yield Reference(
                path, file, line, at - text.rfind("\n", 0, at) - 1, tuple(open_blocks), beside
            )
            beside = (*beside, path)
        if block:
            _open(block.group(1), inside, open_blocks)


def _open(keyword: str, action: str, open_blocks: list[str]) -> None:
    """Add an action to the blocks that are open behind it; an `else` to the one it belongs to."""
    if keyword == "else" and open_blocks:
        open_blocks[-1] += " " + action
    elif keyword != "end":
        open_blocks.append(action.strip())


def _outside_strings(text: str) -> Iterator[re.Match[str]]:
    strings = [match.span() for match in _STRING.finditer(text)]
    for match in _VALUES.finditer(text):
        if not any(start <= match.start() < end for start, end in strings):
            yield match


def _named_at(match: re.Match[str], action: str) -> int:
    """Where Go's parser says that a reading is: at its second part, the first one after a
    variable."""
    after_something = match.start() > 0 and (
        action[match.start() - 1].isalnum() or action[match.start() - 1] in "_$"
    )
    if after_something or not match.group(1):
        return match.start()
    return match.start() + len(".Values")


def _path(match: re.Match[str], action: str) -> Path:
    """The path of a match, with the keys that `index`, `get`, `hasKey` and `dig` add as
    literals."""
    path = tuple(match.group(1).split(".")[1:])
    called = _BEFORE.search(action[: match.start()])
    after = _LITERALS.match(action, match.end())
    if called and called.group(1) != "dig" and after:
        path += tuple(_LITERAL.findall(after.group(0)))
    return path


def present(values: Table, path: Path) -> bool:
    """Whether a path leads to something that is not null."""
    return _at(values, path) is not None


def broken(reference: Reference, values: Table) -> Path | None:
    """The part of a path that is null or missing while something below it is read: Helm's nil
    pointer.

    None where the reading works, where it may be guarded, or where nobody can say here whether it
    runs.
    """
    for length in range(1, len(reference.path)):
        part = reference.path[:length]
        if not present(values, part):
            runs = all(_holds(condition, part, values) for condition in reference.conditions)
            if runs and part not in reference.beside:
                return part
            return None
    return None


def _holds(condition: str, part: Path, values: Table) -> bool:
    """Whether a block runs for certain and does not ask for the missing part: only `if .Values.a.b`
    can be told."""
    plain = _PLAIN_IF.fullmatch(condition)
    if plain is None:
        return False
    asked = tuple(plain.group(1).split(".")[1:])
    return bool(asked) and not _touch(asked, part) and bool(_at(values, asked))


def _at(values: Table, path: Path) -> object:
    node: object = values
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node
