"""Ansible: the tasks that call a helm module."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations.declared import Declaration, Read, Word, first, readings, word
from policylint.scan.declarations.written import written
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.reader import Reader
from policylint.scan.invocations.settings import (
    Reading,
    Setting,
    boolean,
    read_value,
    settings,
    strongest,
    tables,
)
from policylint.scan.texts.source import Place, Source
from policylint.scan.texts.yaml import Tree, documents

_MODULES = ("kubernetes.core.helm", "community.kubernetes.helm", "community.general.helm", "helm")
_VALUES = ("values", "release_values")
_GROUPS = ("group/kubernetes.core.helm", "group/helm")
"""The action group that holds the module (meta/runtime.yml of kubernetes.core)."""
_SETTERS = ("vars", "set_fact", "ansible.builtin.set_fact")
_MENTION = pattern(r"^[ \t]*(?:- )?[\"']?(?:[a-z]+\.[a-z]+\.)?helm[\"']?\s*:", re.MULTILINE)
_PAIR = pattern(r"(?<!\w)(\w+)=(\"[^\"]*\"|'[^']*'|\{\{.{0,2000}?\}\}|\S+)")
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
    values: dict[str, set[str | None]] = {}
    for name, tree in _assigned(root):
        values.setdefault(name, set()).add(None if tree.dynamic else tree.text)
    variables: dict[str, str] = {}
    for name, texts in values.items():
        text = next(iter(texts))
        if len(texts) == 1 and text is not None:
            variables[name] = text
    return variables


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
    for module in _MODULES:
        arguments = item.get(module)
        if arguments is not None:
            yield module, arguments
    for keyword in ("action", "local_action"):
        arguments = item.get(keyword)
        if arguments:
            module = arguments.string("module") or ""
        else:
            module = ""
        if arguments is not None and module in _MODULES:
            yield module, arguments


def _extra(item: Tree) -> Iterator[Tree]:
    """Arguments that a task has beside those of the module's own key."""
    arguments = item.get("args")
    if arguments is not None and arguments.mapping:
        yield arguments


def _defaults(item: Tree) -> Iterator[Tree]:
    """What a play or a block sets for all calls of the module, or of its group."""
    for name in (*_MODULES[:-1], *_GROUPS):
        defaults = item.get("module_defaults", name)
        if defaults is not None and defaults.mapping:
            yield defaults


def _is_call(name: str, arguments: Tree) -> bool:
    """A bare `helm:` is the module only with the module's own arguments."""
    if name != "helm":
        return True
    if arguments.mapping:
        keys = {key for key, _ in arguments.pairs()}
        return bool(keys & {"release_name", "name"}) and bool(keys & set(_OWN[2:]))
    return len(_PAIR.findall(arguments.text or "")) > 1


def _declaration(task: Tree, arguments: Tree, defaults: tuple[Tree, ...]) -> Declaration:
    blank = Declaration("ansible", task.item_place)
    if arguments.text is not None:
        return _free_form(blank, arguments)
    return _mapping(blank, (arguments, *defaults))


def _mapping(blank: Declaration, layers: tuple[Tree, ...]) -> Declaration:
    """The call as its own arguments, then the defaults, have it."""
    chart = _first(layers, "chart")
    if chart is not None and chart.mapping:  # the module's newer form: {name, version}
        name, version = word(chart.get("name")), word(chart.get("version"))
    else:
        name, version = _argument(layers, "chart"), Word()
    flags: dict[str, Setting] = {}
    for layer in reversed(layers):
        flags |= strongest(settings(layer, "ansible"))
    return replace(
        blank,
        release=_argument(layers, "release_name", "name"),
        chart=first(_argument(layers, "chart_ref"), name),
        version=first(_argument(layers, "chart_version"), version),
        namespace=_argument(layers, "release_namespace", "namespace"),
        settings=flags,
        values=tuple(_values(layers)),
        inline=tuple(written(layer.get(name) for layer in layers for name in _VALUES)),
        sets=tuple(item.string("value") or "" for item in _items(layers, "set_values")),
        action=_action(_argument(layers, "release_state", "state")),
        hidden=any(layer.open for layer in layers),
    )


def _argument(layers: tuple[Tree, ...], *names: str) -> Word:
    """An argument by its names, of the nearest layer that says something."""
    return first(*(word(layer.get(name)) for layer in layers for name in names))


def _first(layers: tuple[Tree, ...], name: str) -> Tree | None:
    for layer in layers:
        tree = layer.get(name)
        if tree is not None:
            return tree
    return None


def _action(state: Word) -> str:
    if state.text == "absent":
        return "uninstall"
    return "upgrade"


def _items(layers: tuple[Tree, ...], name: str) -> Iterator[Tree]:
    """The items of a list; a text in its place is decided elsewhere and counts as one."""
    tree = _first(layers, name)
    if tree is not None:
        yield from [tree] if tree.text else tree.items()


def _values(layers: tuple[Tree, ...]) -> Iterator[str]:
    yield from (item.text or "" for item in _items(layers, "values_files"))
    if any(layer.get(name) for layer in layers for name in _VALUES):
        yield INLINE


def _free_form(blank: Declaration, arguments: Tree) -> Declaration:
    """`helm: name=x chart_ref=y state=present`."""
    pairs = {name: value.strip("\"'") for name, value in _PAIR.findall(arguments.text or "")}
    flags: list[Setting] = []
    for name, reading in tables()["ansible"].settings.items():
        if name in pairs:
            text = _told(pairs[name], reading)
            flags += read_value(text, reading, _pair_place(arguments, name), name)
    return replace(
        blank,
        release=_pair(pairs, "release_name", "name"),
        chart=_pair(pairs, "chart_ref", "chart"),
        version=_pair(pairs, "chart_version"),
        namespace=_pair(pairs, "release_namespace", "namespace"),
        settings=strongest(flags),
        action=_action(_pair(pairs, "release_state", "state")),
    )


def _pair(pairs: Mapping[str, str], *names: str) -> Word:
    text = next((pairs[name] for name in names if name in pairs), None)
    if text and "{{" in text:
        return Word(None, True)
    return Word(text)


def _told(text: str, reading: Reading) -> str:
    """The text of a setting; of a switch that nobody can tell a text that is no boolean."""
    is_switch = reading[1] == "switch"
    if is_switch and ("{{" in text or boolean(text) is None):
        return "?"
    return text


def _pair_place(arguments: Tree, name: str) -> Place:
    """Where `name=value` stands in arguments written on one line."""
    mark = arguments.node.start_mark
    match = next(match for match in _PAIR.finditer(arguments.text or "") if match[1] == name)
    line, column = mark.line + arguments.page.line + 1, mark.column + arguments.page.column + 1
    return Place(line, column + match.start(), line, column + match.end())


def _wants(source: Source) -> bool:
    return bool(_MENTION.search(source.text))


READER = Reader(lambda source: readings(read(source.text, source.file), source), _wants)
