"""Ansible: the tasks that call a helm module."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations.declared import Declaration, Read, Word, first, found, word
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.reader import Reader
from policylint.scan.invocations.settings import (
    Setting,
    boolean,
    read_value,
    settings,
    strongest,
    tables,
)
from policylint.scan.texts.source import Source
from policylint.scan.texts.yaml import Spot, Tree, documents

_MODULES = ("kubernetes.core.helm", "community.kubernetes.helm", "community.general.helm", "helm")
_GROUPS = ("group/kubernetes.core.helm", "group/helm")
"""The action group that holds the module (meta/runtime.yml of kubernetes.core)."""
_SETTERS = ("vars", "set_fact", "ansible.builtin.set_fact")
_MENTION = pattern(r"^\s*(?:- )?[\"']?(?:[a-z]+\.[a-z]+\.)?helm[\"']?\s*:", re.MULTILINE)
_PAIR = pattern(r"(\w+)=(\"[^\"]*\"|'[^']*'|\{\{.*?\}\}|\S+)")
_OWN = (
    "release_name",
    "name",
    "chart_ref",
    "chart",
    "release_namespace",
    "namespace",
    "release_state",
    "state",
)


def read(text: str, file: str) -> Iterator[Read]:
    """The helm tasks of a playbook, a role's tasks or handlers."""
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
        else:
            yield from _walk(root.knowing(_variables(root)))


def _variables(root: Tree) -> dict[str, str]:
    """Variables and facts that the file itself sets, to one value only."""
    said: dict[str, set[str | None]] = {}
    for name, tree in _assigned(root):
        said.setdefault(name, set()).add(None if tree.dynamic else tree.text)
    return {
        name: text
        for name, texts in said.items()
        if len(texts) == 1 and (text := next(iter(texts))) is not None
    }


def _assigned(tree: Tree) -> Iterator[tuple[str, Tree]]:
    for item in tree.items():
        yield from _assigned(item)
    for key, inner in tree.pairs():
        if key in _SETTERS:
            yield from inner.pairs()
        yield from _assigned(inner)


def _walk(tree: Tree, defaults: tuple[Tree, ...] = ()) -> Iterator[Declaration]:
    """The tasks anywhere below: plays, blocks, rescue and always are lists of mappings."""
    for item in tree.items():
        near = (*_defaults(item), *defaults)
        module = next((call for call in _calls(item) if _is_call(*call)), None)
        if module:
            yield _declaration(item, module[1], (*_extra(item), *near))
        else:
            for _, inner in item.pairs():
                yield from _walk(inner, near)
    for _, inner in tree.pairs():
        yield from _walk(inner, defaults)


def _calls(item: Tree) -> Iterator[tuple[str, Tree]]:
    """(module, arguments) of a task, `action: {module: ...}` too."""
    yield from ((name, found) for name in _MODULES if (found := item.get(name)) is not None)
    for way in ("action", "local_action"):
        found = item.get(way)
        if found is not None and (name := found.string("module")) in _MODULES:
            yield name or "", found


def _extra(item: Tree) -> Iterator[Tree]:
    """Arguments that a task has beside those of the module's own key."""
    found = item.get("args")
    if found is not None and found.mapping:
        yield found


def _defaults(item: Tree) -> Iterator[Tree]:
    """What a play or a block sets for all calls of the module, or of its group."""
    found = item.get("module_defaults")
    for name in (*_MODULES[:-1], *_GROUPS):
        given = found.get(name) if found else None
        if given is not None and given.mapping:
            yield given


def _is_call(name: str, arguments: Tree) -> bool:
    """A bare `helm:` is the module only with the module's own arguments."""
    if name != "helm":
        return True
    if arguments.mapping:
        keys = {key for key, _ in arguments.pairs()}
        return bool(keys & {"release_name", "name"}) and bool(keys & set(_OWN[2:]))
    return len(_PAIR.findall(arguments.text or "")) > 1


def _declaration(task: Tree, arguments: Tree, defaults: tuple[Tree, ...]) -> Declaration:
    blank = Declaration("ansible", task.item_spot)
    return (
        _free_form(blank, arguments)
        if arguments.text is not None
        else _mapping(blank, (arguments, *defaults))
    )


def _mapping(blank: Declaration, layers: tuple[Tree, ...]) -> Declaration:
    """The call as its own arguments, then the defaults, have it."""

    def said(*names: str) -> Word:
        return first(*(word(layer.get(name)) for layer in layers for name in names))

    chart = next(
        (found for layer in layers if (found := layer.get("chart")) and found.mapping), None
    )
    own = [strongest(settings(layer, "ansible")) for layer in layers]
    return replace(
        blank,
        release=said("release_name", "name"),
        chart=first(said("chart_ref"), word(chart.get("name")) if chart else said("chart")),
        version=first(said("chart_version"), word(chart.get("version") if chart else None)),
        namespace=said("release_namespace", "namespace"),
        settings={name: each for flags in reversed(own) for name, each in flags.items()},
        values=tuple(_values(layers)),
        sets=tuple(each.string("value") or "" for each in _items(layers, "set_values")),
        action="uninstall" if said("release_state", "state").text == "absent" else "upgrade",
        hidden=any(layer.open for layer in layers),
    )


def _items(layers: tuple[Tree, ...], name: str) -> Iterator[Tree]:
    """The items of a list; a text in its place is decided elsewhere and counts as one."""
    found = next((found for layer in layers if (found := layer.get(name))), None)
    if found is not None:
        yield from [found] if found.text else found.items()


def _values(layers: tuple[Tree, ...]) -> Iterator[str]:
    yield from (item.text or "" for item in _items(layers, "values_files"))
    if any(layer.get(name) for layer in layers for name in ("values", "release_values")):
        yield INLINE


def _free_form(blank: Declaration, arguments: Tree) -> Declaration:
    """`helm: name=x chart_ref=y state=present`."""
    given = {name: value.strip("\"'") for name, value in _PAIR.findall(arguments.text or "")}

    def said(*names: str) -> Word:
        text = next((given[name] for name in names if name in given), None)
        return Word(None, True) if text and "{{" in text else Word(text)

    read: list[Setting] = []
    for name, reading in tables()["ansible"].settings.items():
        if name in given:
            unsure = "{{" in given[name] or (
                reading[1] == "switch" and boolean(given[name]) is None
            )
            text = "?" if unsure and reading[1] == "switch" else given[name]
            read += read_value(text, reading, _pair_spot(arguments, name), name)
    return replace(
        blank,
        release=said("release_name", "name"),
        chart=said("chart_ref", "chart"),
        version=said("chart_version"),
        namespace=said("release_namespace", "namespace"),
        settings=strongest(read),
        action="uninstall" if said("release_state", "state").text == "absent" else "upgrade",
    )


def _pair_spot(arguments: Tree, name: str) -> Spot:
    """Where `name=value` stands in arguments written on one line."""
    mark = arguments.node.start_mark
    match = next(match for match in _PAIR.finditer(arguments.text or "") if match[1] == name)
    line, column = mark.line + arguments.page.line + 1, mark.column + arguments.page.column + 1
    return Spot(line, column + match.start(), line, column + match.end())


def _wants(source: Source) -> bool:
    return bool(_MENTION.search(source.text))


READER = Reader(lambda source: found(read(source.text, source.file), source), _wants)
