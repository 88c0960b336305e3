"""k3s and RKE2: HelmChart objects, with the HelmChartConfig of their name.

Source: the k3s documentation (Helm, "HelmChart Field Definitions"): `chart` may be a URL or a name
in `repo`, `valuesContent` is merged before that of a HelmChartConfig, `set` comes last.
"""

from __future__ import annotations

from collections.abc import Iterator

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.model import Json
from policylint.scan.gitops.model import ChartSource, Declarations, Declared, Layer
from policylint.scan.gitops.tree import Item, Tree, mapping, string, value

_GROUP = "helm.cattle.io"


def resolve(tree: Tree) -> Declarations:
    """The releases of all HelmCharts of a tree."""
    return Declarations(tuple(_of_charts(tree)))


def _of_charts(tree: Tree) -> Iterator[Declared]:
    items = [
        item
        for name in tree.yaml_files()
        if _GROUP in (tree.text(name) or "")
        for item in tree.documents(name).items
        if item.group == _GROUP
    ]
    configs = {
        (item.namespace, item.name): item for item in items if item.kind == "HelmChartConfig"
    }
    for item in items:
        if item.kind == "HelmChart":
            yield _release(item, configs.get((item.namespace, item.name)))


def _release(item: Item, config: Item | None) -> Declared:
    spec = mapping(item.body, "spec")
    layers: list[Layer] = []
    unresolved: list[str] = []
    for source in filter(None, (item, config)):
        layer, why = _content(source)
        layers += [layer] if layer else []
        unresolved += [why] if why else []
    if spec.get("chartContent"):
        unresolved.append("the chart is given as chartContent")
    if spec.get("valuesSecrets"):
        unresolved.append("values of Secrets (valuesSecrets)")
    return Declared(
        tool="k3s",
        name=item.name,
        namespace=string(spec, "targetNamespace") or item.namespace or "default",
        file=item.file,
        line=item.line,
        chart=_chart(spec),
        layers=tuple(layers),
        sets=tuple(_sets(spec)),
        settings={"prune": True},
        unresolved=tuple(unresolved),
    )


def _content(item: Item) -> tuple[Layer | None, str]:
    text = string(item.body, "spec", "valuesContent")
    if not text:
        return None, ""
    try:
        values = load(text, item.file)
    except ReadError as error:
        return None, f"valuesContent cannot be read: {error.message}"
    if not isinstance(values, dict):
        return None, ""
    label = f"spec.valuesContent of {item.kind} {item.name} ({item.file})"
    return Layer("values", values, file=item.file, label=label), ""


def _chart(spec: dict[str, Json]) -> ChartSource:
    chart, repo = string(spec, "chart"), string(spec, "repo")
    version = str(spec.get("version") or "")
    if chart.startswith("oci://"):
        return ChartSource("oci", chart.rpartition("/")[2], chart, version)
    if repo and chart:
        return ChartSource("repository", chart, repo, version)
    return ChartSource("unknown", chart, "", version)


def _sets(spec: dict[str, Json]) -> Iterator[tuple[str, str]]:
    for key, entry in mapping(spec, "set").items():
        written = value({"v": entry}, "v")
        if isinstance(written, bool):
            text = str(written).lower()
        else:
            text = str(written)
        yield "set", f"{key}={text}"
