"""kustomize: charts that a kustomization inflates (`helmCharts`), which it applies as manifests.

Source: the kustomize reference (helmCharts): `valuesFile` or the chart's own values, `valuesInline`
over them (`valuesMerge: override`), further files last; CRDs only with `includeCRDs`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from policylint.model import Json
from policylint.scan.gitops.kustomize.files import FILES
from policylint.scan.gitops.model import ChartSource, Declarations, Declared, Layer
from policylint.scan.gitops.tree import Item, Tree, mapping, normal, sequence, string, value

_PLAIN = frozenset(
    {
        "apiVersion",
        "bases",
        "buildMetadata",
        "configMapGenerator",
        "crds",
        "generatorOptions",
        "helmCharts",
        "helmGlobals",
        "kind",
        "metadata",
        "namespace",
        "openapi",
        "resources",
        "secretGenerator",
        "sortOptions",
    }
)
"""Fields of a kustomization that leave alone what a chart renders."""
_MOST = 50
"""Kustomizations over one another."""


def resolve(tree: Tree) -> Declarations:
    """The charts that kustomizations of a tree inflate."""
    return Declarations(tuple(_of_files(tree)))


def _of_files(tree: Tree) -> Iterator[Declared]:
    for name in tree.names:
        if posixpath.basename(name) in FILES and "helmCharts" in (tree.text(name) or ""):
            for item in tree.documents(name).items:
                yield from _releases(tree, item)


def _releases(tree: Tree, item: Item) -> Iterator[Declared]:
    home = string(item.body, "helmGlobals", "chartHome") or "charts"
    folder = posixpath.dirname(item.file)
    for entry in sequence(item.body, "helmCharts"):
        if isinstance(entry, dict):
            yield _release(tree, item, entry, posixpath.join(folder, home))


def _release(tree: Tree, item: Item, entry: dict[str, Json], home: str) -> Declared:
    name, version = string(entry, "name"), str(entry.get("version") or "")
    layers, unresolved = _layers(tree, posixpath.dirname(item.file), entry)
    unresolved += [why for why, _ in _changed_by(tree, item)]
    depends = [file for _, files in _changed_by(tree, item) for file in files]
    return Declared(
        tool="kustomize",
        name=string(entry, "releaseName") or name,
        namespace=string(entry, "namespace") or string(item.body, "namespace") or "default",
        file=item.file,
        line=item.line,
        identity=posixpath.dirname(item.file),
        chart=_chart(tree, entry, home, name, version),
        layers=tuple(layers),
        settings={"prune": False},
        kube_version=string(entry, "kubeVersion"),
        api_versions=tuple(map(str, sequence(entry, "apiVersions"))),
        include_crds=value(entry, "includeCRDs") is True,
        unresolved=tuple(unresolved),
        depends=tuple(dict.fromkeys(depends)),
        written=str(entry),
    )


def _changed_by(tree: Tree, item: Item) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(why what is rendered is not what is applied, the files that decide it), of a kustomization
    and of those that take it as a base."""
    waiting, seen = [item], set[str]()
    while waiting and len(seen) < _MOST:
        own = waiting.pop(0)
        if own.file in seen:
            continue
        seen.add(own.file)
        changes = sorted(key for key in own.body if key not in _PLAIN and own.body[key])
        if changes:
            by = "the kustomization" if own is item else own.file
            why = f"{by} changes what is rendered ({', '.join(changes)})"
            yield why, (own.file, *_named(tree, own))
        waiting += _overlays(tree, posixpath.dirname(own.file) or ".")


def _overlays(tree: Tree, folder: str) -> Iterator[Item]:
    """The kustomizations that take a directory as a base."""
    for name in tree.names:
        if posixpath.basename(name) not in FILES:
            continue
        for item in tree.documents(name).items:
            if normal(folder) in _bases(item):
                yield item


def _bases(item: Item) -> set[str]:
    folder = posixpath.dirname(item.file)
    entries = (*sequence(item.body, "resources"), *sequence(item.body, "bases"))
    return {normal(posixpath.join(folder, str(entry))) for entry in entries}


def _named(tree: Tree, item: Item) -> Iterator[str]:
    """The files that a kustomization names."""
    folder = posixpath.dirname(item.file)
    for text in re.findall(r"'([^'\n]+)'", str(item.body)):
        path = normal(posixpath.join(folder, text))
        if path != "." and (tree.is_file(path) or tree.is_dir(path)):
            yield path


def _chart(tree: Tree, entry: dict[str, Json], home: str, name: str, version: str) -> ChartSource:
    repo = string(entry, "repo").rstrip("/")
    local = normal(posixpath.join(home, name))
    if tree.is_file(f"{local}/Chart.yaml"):
        return ChartSource("path", local)
    if repo.startswith("oci://"):
        return ChartSource("oci", name, f"{repo}/{name}", version)
    if repo:
        return ChartSource("repository", name, repo, version)
    return ChartSource("unknown", name, "", version)


def _layers(tree: Tree, folder: str, entry: dict[str, Json]) -> tuple[list[Layer], list[str]]:
    layers: list[Layer] = []
    unresolved: list[str] = []
    first = string(entry, "valuesFile")
    inline = mapping(entry, "valuesInline")
    if inline and string(entry, "valuesMerge") not in ("", "override"):
        unresolved.append(f"valuesMerge: {string(entry, 'valuesMerge')}")
    for path in filter(None, (first, *map(str, sequence(entry, "additionalValuesFiles")))):
        file = normal(posixpath.join(folder, path))
        if tree.is_file(file):
            layers.append(Layer("file", path=file, file=file))
        else:
            unresolved.append(f"the values file {file} is not there")
    if inline:
        place = 1 if first and layers else 0
        layers.insert(place, Layer("values", inline, label=f"valuesInline of {entry['name']}"))
    return layers, unresolved
