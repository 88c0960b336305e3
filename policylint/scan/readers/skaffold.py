"""Skaffold: the Helm releases of a skaffold.yaml, in its deploy and manifests sections and its
profiles."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.errors import ReadError
from policylint.scan.declarations.declared import Declaration, Read, first, found, word
from policylint.scan.invocations.reader import Reader
from policylint.scan.invocations.settings import Setting, arguments, settings, strongest
from policylint.scan.texts.source import Source
from policylint.scan.texts.yaml import Tree, documents

_SETS = ("setValues", "values", "setValueTemplates", "setFiles", "artifactOverrides")
_FLAGS = ("global", "install", "upgrade")
"""The argument lists of deploy.helm.flags that an install-or-upgrade sees."""


def read(text: str, file: str) -> Iterator[Read]:
    """The releases of a skaffold.yaml; nothing for a file that is none."""
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
        elif (root.string("apiVersion") or "").startswith("skaffold/"):
            profiles = root.get("profiles")
            for part in (root, *(profiles.items() if profiles else ())):
                yield from _releases(part)


def _releases(part: Tree) -> Iterator[Declaration]:
    for section in ("manifests", "deploy"):
        flags = part.get(section, "helm", "flags")
        given = [each for name in _FLAGS for each in arguments(flags.get(name))] if flags else []
        found = part.get(section, "helm", "releases")
        for item in found.items() if found else ():
            if item.mapping:
                yield _declaration(item, given)


def _declaration(item: Tree, given: list[Setting]) -> Declaration:
    return Declaration(
        tool="skaffold",
        spot=item.item_spot,
        release=word(item.get("name")),
        chart=first(word(item.get("chartPath")), word(item.get("remoteChart"))),
        version=word(item.get("version")),
        namespace=word(item.get("namespace")),
        settings=strongest([*settings(item, "skaffold"), *given]),
        values=tuple(_values(item)),
        sets=tuple(_sets(item)),
        hidden=item.open,
    )


def _values(item: Tree) -> Iterator[str]:
    found = item.get("valuesFiles")
    yield from (each.text or "" for each in found.items()) if found else ()
    if item.get("overrides"):
        yield "overrides"


def _sets(item: Tree) -> Iterator[str]:
    for section in _SETS:
        found = item.get(section)
        yield from _leaves(found, "") if found else ()


def _leaves(tree: Tree, prefix: str) -> Iterator[str]:
    """The dotted names of a tree of values, as Skaffold flattens them into one `--set` each."""
    for name, inner in tree.pairs():
        yield from _leaves(inner, f"{prefix}{name}.") if inner.mapping else (f"{prefix}{name}",)


def _wants(source: Source) -> bool:
    return "releases" in source.text


READER = Reader(lambda source: found(read(source.text, source.file), source), _wants)
