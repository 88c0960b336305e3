"""Terraform and OpenTofu: which modules of a repository call which, and what decides their
releases."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.scan.gitops.tree import Tree, normal
from policylint.scan.texts.hcl import Block, Module, parse

_ENDINGS = (".tf", ".tofu", ".tfvars", ".tfvars.json", ".tf.json")
_LOCAL = re.compile(r'source\s*=\s*"\.')
_SEVERAL = ("count", "for_each")
_QUOTED = re.compile(r'"(?:\$\{path\.(?:module|root|cwd)\}/)?([^"$\n]+)"')
_NAME = re.compile(r"(?<![\w-])[\d-]*+([A-Za-z_][\w-]*+\.[\w-]+)")
_KINDS = {"variable": "var", "module": "module"}
"""How expressions call what a block defines, where that is not its type."""
_MOST = 50
"""Modules above one another."""


class Call(Struct, frozen=True):
    """One `module` block that calls a module of the repository."""

    file: str
    address: str
    several: str
    """What decides how many there are of it, as it is written; "" for one."""

    @property
    def shown(self) -> str:
        """The call as a setting that is compared."""
        return f"{self.file} {self.address} {self.several}".strip()


Calls = Mapping[str, tuple[Call, ...]]
"""The calls of each module, by its directory."""


def calls(tree: Tree) -> Calls:
    """Which modules of a tree are called from within it."""
    made: dict[str, tuple[Call, ...]] = {}
    for name in tree.names:
        text = tree.text(name) if name.endswith(_ENDINGS[:2]) else None
        if text is None or not _LOCAL.search(text):
            continue
        for block in parse(text).blocks:
            if block.type == "module" and "source" in block.attributes:
                folder = _folder(name, block.attributes["source"].text)
                made[folder] = (*made.get(folder, ()), _call(name, block))
    return made


def _folder(file: str, source: str) -> str:
    return normal(posixpath.join(posixpath.dirname(file), source.strip('"')))


def _call(file: str, block: Block) -> Call:
    texts = [block.attributes[name].text for name in _SEVERAL if name in block.attributes]
    return Call(file, f"module.{'.'.join(block.labels)}", " ".join(texts))


def callers(made: Calls, folder: str) -> Iterator[Call]:
    """The calls that lead to a module, its own first."""
    waiting, seen = [normal(folder)], set[str]()
    while waiting and len(seen) < _MOST:
        path = waiting.pop(0)
        for call in () if path in seen else made.get(path, ()):
            yield call
            waiting.append(posixpath.dirname(call.file) or ".")
        seen.add(path)


def deciding(tree: Tree, made: Calls, folder: str) -> tuple[str, ...]:
    """The files of Terraform that decide what a module makes: its own, and those of its callers."""
    folders = {normal(folder)}
    folders.update(posixpath.dirname(call.file) or "." for call in callers(made, folder))
    return tuple(
        name
        for name in tree.names
        if name.endswith(_ENDINGS) and (posixpath.dirname(name) or ".") in folders
    )


def outside(tree: Tree, made: Calls, folder: str) -> tuple[str, ...]:
    """Those of them that are not the module itself: its callers, and files of variables."""
    own = normal(folder)
    return tuple(
        name
        for name in deciding(tree, made, folder)
        if (posixpath.dirname(name) or ".") != own or "tfvars" in name
    )


def closure(module: Module, block: Block) -> str:
    """A block as it is written, with all of its module that it refers to."""
    texts = dict(_definitions(module))
    waiting, seen = [_written(block)], dict[str, str]()
    while waiting:
        for name in _NAME.findall(waiting.pop()):
            if name in texts and name not in seen:
                seen[name] = texts[name]
                waiting.append(texts[name])
    return "\n".join([_written(block), *(f"{name} {seen[name]}" for name in sorted(seen))])


def _definitions(module: Module) -> Iterator[tuple[str, str]]:
    """(name, text) of what expressions may refer to."""
    for block in module.blocks:
        if block.type == "locals":
            for name, attribute in block.attributes.items():
                yield f"local.{name}", attribute.text
        elif block.labels:
            kind = _KINDS.get(block.type, block.labels[0])
            yield f"{kind}.{block.labels[-1]}", _written(block)


def _written(block: Block) -> str:
    own = [f"{name} = {attribute.text}" for name, attribute in block.attributes.items()]
    inner = [f"{below.type} {below.labels} {{{_written(below)}}}" for below in block.blocks]
    return "\n".join((*own, *inner))


def files_named(tree: Tree, folder: str, text: str) -> Iterator[str]:
    """The files of the repository that expressions name: of file(), templatefile() and the like."""
    for path in _QUOTED.findall(text):
        within = normal(posixpath.join(folder, path))
        if tree.is_file(within):
            yield within
