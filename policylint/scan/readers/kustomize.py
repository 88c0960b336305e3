"""Kustomize: the charts that a kustomization inflates (helmCharts, helmChartInflationGenerator and
its own files)."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.errors import ReadError
from policylint.scan.declarations.declared import Declaration, Read, first, found, word
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.reader import Reader
from policylint.scan.invocations.settings import settings, strongest
from policylint.scan.texts.yaml import Spot, Tree, documents

_LISTS = ("helmCharts", "helmChartInflationGenerator")


def read(text: str, file: str) -> Iterator[Read]:
    """The charts of a kustomization or a generator file; nothing for any other file."""
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
            continue
        if root.string("kind") == "HelmChartInflationGenerator":
            yield _declaration(root, root.spot)
        for name in _LISTS if _is_kustomization(root) else ():
            found = root.get(name)
            for item in found.items() if found else ():
                yield _declaration(item, item.item_spot)


def _is_kustomization(root: Tree) -> bool:
    kind = root.string("kind")
    return kind in (None, "Kustomization", "Component")


def _declaration(item: Tree, spot: Spot) -> Declaration:
    return Declaration(
        tool="kustomize",
        spot=spot,
        release=word(item.get("releaseName")),
        chart=first(word(item.get("name")), word(item.get("chartName"))),
        version=first(word(item.get("version")), word(item.get("chartVersion"))),
        namespace=first(word(item.get("namespace")), word(item.get("releaseNamespace"))),
        settings=strongest(settings(item, "kustomize")),
        values=tuple(_values(item)),
        hidden=item.open,
    )


def _values(item: Tree) -> Iterator[str]:
    for name in ("valuesFile", "values"):
        if text := item.string(name):
            yield text
    more = item.get("additionalValuesFiles")
    yield from (each.text or "" for each in more.items()) if more else ()
    if item.get("valuesInline") or item.get("valuesLocal"):
        yield INLINE


READER = Reader(lambda source: found(read(source.text, source.file), source))
