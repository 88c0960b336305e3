"""Kustomize: the charts that a kustomization inflates (helmCharts, helmChartInflationGenerator and
its own files)."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.errors import ReadError
from policylint.scan.declarations.declared import Read, readings
from policylint.scan.declarations.rows import declaration
from policylint.scan.invocations.reader import Reader
from policylint.scan.texts.yaml import Tree, documents

_LISTS = ("helmCharts", "helmChartInflationGenerator")


def read(text: str, file: str) -> Iterator[Read]:
    """The charts of a kustomization or a generator file; nothing for any other file."""
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
            continue
        if root.string("kind") == "HelmChartInflationGenerator":
            yield declaration("kustomize", root, root.place)
        for name in _LISTS if _is_kustomization(root) else ():
            charts = root.get(name)
            for item in charts.items() if charts else ():
                yield declaration("kustomize", item, item.item_place)


def _is_kustomization(root: Tree) -> bool:
    kind = root.string("kind")
    return kind in (None, "Kustomization", "Component")


READER = Reader(lambda source: readings(read(source.text, source.file), source))
