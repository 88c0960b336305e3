"""Terraform's JSON syntax: `helm_release` in *.tf.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations.declared import Declaration, Read, Word, readings, word
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.reader import Reader
from policylint.scan.invocations.settings import settings, strongest
from policylint.scan.texts.yaml import Tree, documents

_SETS = ("set", "set_sensitive", "set_list", "set_wo", "set_string")
_NAMED = pattern(r"\$\{\s*((?:var|local)\.\w+)\s*\}$")


def read(text: str, file: str) -> Iterator[Read]:
    """The releases of one file."""
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
            continue
        known = dict(_defaults(root))
        for blocks in _releases(root):
            for block in _blocks(blocks):
                yield _declaration(blocks, block, known)


def _releases(root: Tree) -> Iterator[Tree]:
    """The block, or list of blocks, of each name below `resource.helm_release`."""
    for resources in _blocks(root.get("resource")):
        for kind, releases in resources.pairs():
            if kind == "helm_release":
                for group in _blocks(releases):
                    yield from (blocks for _, blocks in group.pairs())


def _blocks(tree: Tree | None) -> Iterator[Tree]:
    """One block, or each of a list of blocks: the syntax takes either."""
    if tree is not None:
        yield from list(tree.items()) or [tree]


def _defaults(root: Tree) -> Iterator[tuple[str, Tree]]:
    for variables in _blocks(root.get("variable")):
        for name, variable in variables.pairs():
            defaults = [block.get("default") for block in _blocks(variable)]
            default = next(filter(None, defaults), None)
            if default is not None:
                yield f"var.{name}", default
    for values in _blocks(root.get("locals")):
        yield from ((f"local.{name}", value) for name, value in values.pairs())


def _declaration(named: Tree, block: Tree, known: Mapping[str, Tree]) -> Declaration:
    def argument(name: str) -> Word:
        tree = block.get(name)
        reference = _NAMED.match(tree.text or "") if tree else None
        return word(known.get(reference[1], tree) if reference else tree)

    return Declaration(
        tool="terraform",
        place=named.place,
        release=argument("name"),
        chart=argument("chart"),
        version=argument("version"),
        namespace=argument("namespace"),
        settings=strongest(settings(block, "terraform")),
        values=tuple(INLINE for _ in _blocks(block.get("values"))),
        sets=tuple(name for name in _SETS for _ in _blocks(block.get(name))),
        syntax="code",
    )


READER = Reader(lambda source: readings(read(source.text, source.file), source))
