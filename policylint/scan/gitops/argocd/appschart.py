"""Argo CD: Applications and ApplicationSets that stand in values of the chart argocd-apps.

Source: github.com/argoproj/argo-helm, charts/argocd-apps/templates: its version 2 has them by name,
version 1 in a list; what a value says stands in the object under the same key.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.model import Json
from policylint.scan.gitops.argocd.application import GROUP
from policylint.scan.gitops.model import Declared, Layer
from policylint.scan.gitops.tree import Item, Tree, mapping, sequence, string

_CHART = "argocd-apps"
_KINDS = {"applications": "Application", "applicationsets": "ApplicationSet"}
_METADATA = ("namespace", "finalizers", "annotations", "labels")


def items(tree: Tree, releases: Iterable[Declared]) -> Iterator[Item]:
    """The objects that charts of the tree with this dependency, and releases of the chart, have in
    their values."""
    charts = [name for name in tree.names if posixpath.basename(name) == "Chart.yaml"]
    for name in charts:
        yield from _of_chart(tree, name)
    for release in releases:
        if posixpath.basename(release.chart.name) == _CHART:
            yield from _of_release(tree, release)


def _of_chart(tree: Tree, name: str) -> Iterator[Item]:
    if _CHART not in (tree.text(name) or ""):
        return
    file = posixpath.join(posixpath.dirname(name), "values.yaml")
    values = _values(tree, file)
    for key in _keys(tree, name):
        yield from _objects(mapping(values, key), file, tree.text(file) or "")


def _of_release(tree: Tree, release: Declared) -> Iterator[Item]:
    for layer in release.layers:
        file = layer.file or layer.path or release.file
        yield from _objects(_of_layer(tree, layer), file, tree.text(file) or "")


def _keys(tree: Tree, chart: str) -> Iterator[str]:
    """The keys under which the values of the dependency stand."""
    for item in tree.documents(chart).items:
        for dependency in sequence(item.body, "dependencies"):
            if string(dependency, "name") == _CHART:
                yield string(dependency, "alias") or _CHART


def _of_layer(tree: Tree, layer: Layer) -> Mapping[str, Json]:
    if layer.kind == "file":
        return _values(tree, layer.path)
    return layer.values


def _values(tree: Tree, file: str) -> dict[str, Json]:
    try:
        values = load(tree.text(file) or "", file)
    except ReadError:
        return {}
    if isinstance(values, dict):
        return values
    return {}


def _objects(values: Mapping[str, Json], file: str, text: str) -> Iterator[Item]:
    for key, kind in _KINDS.items():
        for name, data in _named(values.get(key)):
            line = _line(text, name)
            metadata = {field: data[field] for field in _METADATA if data.get(field)}
            body = {
                "apiVersion": f"{GROUP}/v1alpha1",
                "kind": kind,
                "metadata": {**metadata, "name": name},
                "spec": {field: entry for field, entry in data.items() if field != "finalizers"},
            }
            yield Item(body, file, line)


def _named(entries: Json) -> Iterator[tuple[str, dict[str, Json]]]:
    if isinstance(entries, dict):
        yield from ((name, data) for name, data in entries.items() if isinstance(data, dict))
    elif isinstance(entries, list):
        yield from ((string(data, "name"), data) for data in entries if isinstance(data, dict))


def _line(text: str, name: str) -> int:
    """The line at which an object is named, 1 where that cannot be told."""
    marks = (f"{name}:", f"name: {name}", f"- name: {name}")
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if line.strip().startswith(marks)), 1)
