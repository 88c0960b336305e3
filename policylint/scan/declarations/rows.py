"""A declared release whose facts stand under paths: data/declarations.yaml names them, by tool."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from policylint.kyaml.tables import table
from policylint.scan.declarations.declared import Declaration, Word, first, word
from policylint.scan.declarations.written import written
from policylint.scan.invocations.model import INLINE, Written
from policylint.scan.invocations.settings import settings, strongest
from policylint.scan.texts.source import Place
from policylint.scan.texts.yaml import Tree

Path = tuple[str, ...]
"""The keys that lead to a setting."""
_REFERENCES = ("configMapKeyRef", "secretKeyRef")


class Row(Struct, frozen=True):
    """Where one tool's facts stand in its item, block or object; of several paths to one fact the
    first that says something counts."""

    kind: str = ""
    """The kind of the objects that declare a release; "" where they are no objects."""
    groups: tuple[str, ...] = ()
    block: Path = ()
    """A template that writes keys into this block, or above it, may set what is not seen."""
    release: tuple[Path, ...] = ()
    chart: tuple[Path, ...] = ()
    version: tuple[Path, ...] = ()
    namespace: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    inline: tuple[tuple[Path, ...], ...] = ()
    """Settings that hold values; of alternatives one counts."""
    sets: tuple[Path, ...] = ()


@functools.cache
def rows() -> Mapping[str, Row]:
    """The row of each tool."""
    tables: Mapping[str, Mapping[str, Any]] = table("declarations")
    return {tool: _row(table) for tool, table in tables.items()}


def _row(table: Mapping[str, Any]) -> Row:
    values = table.get("values", {})
    return Row(
        kind=table.get("kind", ""),
        groups=tuple(table.get("groups", ())),
        block=tuple(table.get("block", "").split()),
        release=_paths(table.get("release", ())),
        chart=_paths(table.get("chart", ())),
        version=_paths(table.get("version", ())),
        namespace=_paths(table.get("namespace", ())),
        files=_paths(values.get("files", ())),
        inline=tuple(_paths(line.split(" or ")) for line in values.get("inline", ())),
        sets=_paths(values.get("sets", ())),
    )


def _paths(written: Iterable[str]) -> tuple[Path, ...]:
    return tuple(tuple(path.split()) for path in written)


def read_object(root: Tree) -> Declaration | None:
    """The release that an object declares whose kind has a row; None for any other object."""
    kind, api = root.string("kind"), root.string("apiVersion") or ""
    for tool, row in rows().items():
        if kind and kind == row.kind and api.startswith(row.groups):
            return declaration(tool, root, root.place)
    return None


def declaration(tool: str, item: Tree, place: Place) -> Declaration:
    """The release that an item, block or object of a tool declares; `place` is its place."""
    row = rows()[tool]
    return Declaration(
        tool=tool,
        place=place,
        release=_word(item, row.release),
        chart=_word(item, row.chart),
        version=_word(item, row.version),
        namespace=_word(item, row.namespace),
        settings=strongest(settings(item, tool)),
        values=values(tool, item),
        sets=sets(tool, item),
        inline=inline(tool, item),
        hidden=_is_open(item, row.block),
    )


def _word(item: Tree, paths: Iterable[Path]) -> Word:
    return first(*(word(item.get(*path)) for path in paths))


def _is_open(item: Tree, block: Path) -> bool:
    """Whether a template may write keys into the item, or into a block on the way down."""
    trees = (item.get(*block[:depth]) for depth in range(len(block) + 1))
    return any(tree is not None and tree.open for tree in trees)


def values(tool: str, item: Tree) -> tuple[str, ...]:
    """The files that give values, `INLINE` for each document of values in the item itself."""
    row = rows()[tool]
    files: list[str] = []
    for path in row.files:
        tree = item.get(*path)
        if tree is not None:
            files += _files(tree)
    for alternatives in row.inline:
        if any(item.get(*path) for path in alternatives):
            files.append(INLINE)
    return tuple(files)


def inline(tool: str, item: Tree) -> tuple[Written, ...]:
    """The documents of values in the item itself."""
    paths = (path for alternatives in rows()[tool].inline for path in alternatives)
    return tuple(written(item.get(*path) for path in paths))


def _files(tree: Tree) -> Iterator[str]:
    """The one file that a text names, or those of a list; references to objects as KIND/NAME."""
    if tree.text:
        yield tree.text
    for item in tree.items():
        yield item.text or _reference(item) or tree.name


def _reference(item: Tree) -> str:
    for reference in _REFERENCES:
        if item.get(reference):
            return f"{reference}/{item.string(reference, 'name')}"
    parts = (item.string("kind"), item.string("name"))
    return "/".join(part for part in parts if part)


def sets(tool: str, item: Tree) -> tuple[str, ...]:
    """The names of the values that are set one by one."""
    names: list[str] = []
    for path in rows()[tool].sets:
        tree = item.get(*path)
        if tree is not None:
            names += [entry.string("name") or "" for entry in tree.items()]
            names += _leaves(tree, "")
    return tuple(names)


def _leaves(tree: Tree, prefix: str) -> Iterator[str]:
    """The dotted names of a tree of values, one for each `--set`."""
    for name, inner in tree.pairs():
        if inner.mapping:
            yield from _leaves(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
