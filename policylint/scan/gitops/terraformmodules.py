"""Terraform and OpenTofu: which modules of a repository call which, and what decides their
releases."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.scan.gitops.tree import Tree, normal
from policylint.scan.texts.hcl import Block, parse

_ENDINGS = (".tf", ".tofu", ".tfvars", ".tfvars.json", ".tf.json")
_LOCAL = re.compile(r'source\s*=\s*"\.')
_SEVERAL = ("count", "for_each")
_QUOTED = re.compile(r'"(?:\$\{path\.(?:module|root|cwd)\}/)?([^"$\n]+)"')
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


def files_named(tree: Tree, folder: str, texts: Iterator[str]) -> Iterator[str]:
    """The files of the repository that expressions name: of file(), templatefile() and the like."""
    for text in texts:
        for path in _QUOTED.findall(text):
            within = normal(posixpath.join(folder, path))
            if tree.is_file(within):
                yield within
