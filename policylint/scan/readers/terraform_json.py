"""Terraform's JSON syntax: `helm_release` in *.tf.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.settings import settings, strongest
from policylint.scan.readers.declared import Declaration, Read, Word, word
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
        for resources in _each(root.get("resource")):
            for named in (found for kind, found in resources.pairs() if kind == "helm_release"):
                for group in _each(named):
                    for _, blocks in group.pairs():
                        yield from (_declaration(blocks, block, known) for block in _each(blocks))


def _each(tree: Tree | None) -> Iterator[Tree]:
    """One block, or each of a list of blocks: the syntax takes either."""
    if tree is not None:
        yield from list(tree.items()) or [tree]


def _defaults(root: Tree) -> Iterator[tuple[str, Tree]]:
    for variables in _each(root.get("variable")):
        for name, given in variables.pairs():
            default = next((found for each in _each(given) if (found := each.get("default"))), None)
            if default is not None:
                yield f"var.{name}", default
    for values in _each(root.get("locals")):
        yield from ((f"local.{name}", value) for name, value in values.pairs())


def _declaration(named: Tree, block: Tree, known: Mapping[str, Tree]) -> Declaration:
    def said(name: str) -> Word:
        found = block.get(name)
        reference = _NAMED.match(found.text or "") if found else None
        return word(known.get(reference[1], found) if reference else found)

    return Declaration(
        tool="terraform",
        spot=named.spot,
        release=said("name"),
        chart=said("chart"),
        version=said("version"),
        namespace=said("namespace"),
        settings=strongest(settings(block, "terraform")),
        values=tuple(_values(block.get("values"))),
        sets=tuple(name for name in _SETS for _ in _each(block.get(name))),
        syntax="code",
    )


def _values(given: Tree | None) -> Iterator[str]:
    yield from (INLINE for _ in _each(given))
