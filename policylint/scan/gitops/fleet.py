"""Fleet: the release of each fleet.yaml, and of each target that changes its `helm:` block.

Source: the fleet.yaml reference of Fleet's documentation: `helm.values` over `valuesFiles`; a
target's block is merged over the general one; without a chart the directory itself is the chart.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from policylint.kyaml.merge import laid_over
from policylint.model import Json
from policylint.scan.gitops.model import ChartSource, Declarations, Declared, Layer
from policylint.scan.gitops.tree import Item, Tree, mapping, normal, sequence, string, value

_NAMES = ("fleet.yaml", "fleet.yml")
_TEMPLATE = "${"
_NAMELESS = "its name stands for itself: Fleet makes it of the GitRepo's name and this path"


def resolve(tree: Tree) -> Declarations:
    """The releases of every fleet.yaml of a tree that deploys a chart."""
    return Declarations(tuple(_of_files(tree)))


def _of_files(tree: Tree) -> Iterator[Declared]:
    for name in tree.names:
        if posixpath.basename(name) not in _NAMES:
            continue
        for item in tree.documents(name).items[:1]:
            folder = posixpath.dirname(name) or "."
            is_chart = tree.is_file(f"{folder}/Chart.yaml")
            if isinstance(item.body.get("helm"), dict) or is_chart:
                yield from _releases(tree, item, folder)


def _releases(tree: Tree, item: Item, folder: str) -> Iterator[Declared]:
    yield _release(tree, item, folder, item.body, "")
    for target in sequence(item.body, "targetCustomizations"):
        if isinstance(target, dict) and isinstance(target.get("helm"), dict):
            whole = laid_over(item.body, {"helm": target["helm"]})
            namespace = string(target, "namespace") or string(target, "defaultNamespace")
            own = {**whole, **({"namespace": namespace} if namespace else {})}
            yield _release(tree, item, folder, own, string(target, "name") or "a target")


def _release(tree: Tree, item: Item, folder: str, body: dict[str, Json], target: str) -> Declared:
    helm = mapping(body, "helm")
    layers, unresolved = _layers(tree, item, folder, helm)
    name = string(helm, "releaseName")
    if value(body, "kustomize"):
        unresolved.append("a kustomization over what is rendered")
    return Declared(
        tool="fleet",
        name=name or normal(folder).replace("/", "-"),
        namespace=string(body, "namespace") or string(body, "defaultNamespace") or "default",
        file=item.file,
        line=item.line,
        environment=target,
        chart=_chart(tree, folder, helm),
        layers=tuple(layers),
        settings={
            "prune": True,
            "upgrade.force": value(helm, "force") is True,
            "upgrade.takeOwnership": value(helm, "takeOwnership") is True,
        },
        unresolved=tuple(unresolved),
        written=str(body),
        notes=() if name else (_NAMELESS,),
    )


def _chart(tree: Tree, folder: str, helm: dict[str, Json]) -> ChartSource:
    chart, repo = string(helm, "chart"), string(helm, "repo").rstrip("/")
    version = str(helm.get("version") or "")
    local = normal(posixpath.join(folder, chart))
    if tree.is_file(f"{local}/Chart.yaml"):
        return ChartSource("path", local)
    if chart.startswith("oci://"):
        return ChartSource("oci", chart.rpartition("/")[2], chart, version)
    if repo.startswith("oci://"):
        return ChartSource("oci", repo.rpartition("/")[2], repo, version)
    if repo and chart:
        return ChartSource("repository", chart, repo, version)
    return ChartSource("unknown", chart, "", version)


def _layers(
    tree: Tree, item: Item, folder: str, helm: dict[str, Json]
) -> tuple[list[Layer], list[str]]:
    layers: list[Layer] = []
    unresolved: list[str] = []
    for written in sequence(helm, "valuesFiles"):
        path = normal(posixpath.join(folder, str(written)))
        if tree.is_file(path):
            layers.append(Layer("file", path=path, file=path))
        else:
            unresolved.append(f"the values file {path} is not there")
    unresolved += (
        ["values of objects in the cluster (valuesFrom)"] if helm.get("valuesFrom") else []
    )
    inline = mapping(helm, "values")
    if inline:
        layers.append(Layer("values", inline, file=item.file, label=f"helm.values of {item.file}"))
    if helm.get("templateValues") or _TEMPLATE in str(inline):
        unresolved.append("values that Fleet makes of each cluster's labels")
    return layers, unresolved
