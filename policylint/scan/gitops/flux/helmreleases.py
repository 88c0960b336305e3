"""Flux: what a HelmRelease comes to, with the chart source and the values that it names.

Sources: fluxcd/helm-controller api/v2/helmrelease_types.go (names, namespaces, defaults),
internal/release/name.go (shortened names), fluxcd/pkg/chartutil/values.go (order of values).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.model import Json
from policylint.scan.gitops.flux.kustomizations import KUSTOMIZE, Cluster, Flux, Placed, data_of
from policylint.scan.gitops.model import UNKNOWN, ChartSource, Declared, Layer
from policylint.scan.gitops.origins import block_of
from policylint.scan.gitops.tree import (
    Item,
    Tree,
    mapping,
    normal,
    scalar_text,
    sequence,
    string,
    value,
)

_PRUNE = f"{KUSTOMIZE}/prune"
_LONGEST = 53
_HASH = 12
_CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
"""The layer of an OCI artifact that is a chart."""


class _Part(Struct, frozen=True):
    """What one part of a HelmRelease comes to."""

    chart: ChartSource = ChartSource()
    layers: tuple[Layer, ...] = ()
    unresolved: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    facts: dict[str, Json] = {}
    """What of the source decides how the chart is had."""


def declared(flux: Flux, cluster: Cluster, placed: Placed) -> Declared:
    """The release of one HelmRelease."""
    item = placed.item
    spec = mapping(item.body, "spec")
    chart = _chart(flux, cluster, item)
    values = _values(flux, cluster, item)
    namespace = string(spec, "targetNamespace") or item.namespace
    name = release_name(spec, item.name)
    unresolved = [*chart.unresolved, *values.unresolved, *_unknown(placed, chart.chart)]
    if UNKNOWN in f"{namespace}/{name}":
        unresolved.append("its name or namespace is not known")
    return Declared(
        tool="flux",
        name=name,
        namespace=namespace,
        file=item.file,
        line=item.line,
        cluster=cluster.name,
        chart=chart.chart,
        layers=(*chart.layers, *values.layers),
        settings=_settings(placed)
        | {"chart.name": _chart_name(flux.tree, chart.chart)}
        | chart.facts,
        flags=tuple(_flags(spec)),
        written=str(spec),
        unresolved=tuple(dict.fromkeys(unresolved)),
        notes=(
            *chart.notes,
            *values.notes,
            *_variables(placed),
            *_added(spec),
            *_awaited(cluster, item),
        ),
    )


def release_name(spec: Json, name: str) -> str:
    """`releaseName`, else `[targetNamespace-]name`, shortened with a hash as Helm's limit asks."""
    target = string(spec, "targetNamespace")
    whole = string(spec, "releaseName") or (f"{target}-{name}" if target else name)
    if len(whole) <= _LONGEST:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_HASH]
    return f"{whole[: _LONGEST - _HASH - 1]}-{digest}"


def _chart(flux: Flux, cluster: Cluster, item: Item) -> _Part:
    spec = mapping(item.body, "spec")
    reference = mapping(spec, "chartRef")
    if reference:
        return _referred(flux, cluster, item, reference)
    template = mapping(spec, "chart", "spec")
    if not template:
        return _Part(unresolved=("it names no chart",))
    return _templated(flux, cluster, item.namespace, template)


def _referred(flux: Flux, cluster: Cluster, item: Item, reference: dict[str, Json]) -> _Part:
    kind, name = string(reference, "kind"), string(reference, "name")
    namespace = string(reference, "namespace") or item.namespace
    placed = _source(flux, cluster, kind, namespace, name)
    if placed is None:
        return _Part(unresolved=(f"{kind} {namespace}/{name} is not in the repository",))
    if kind == "OCIRepository":
        return _oci(placed)
    if kind == "HelmChart":
        return _templated(flux, cluster, namespace, mapping(placed.body, "spec"))
    return _Part(unresolved=(f"a chart by {kind} is not resolved",))


def _oci(source: Item) -> _Part:
    """source-controller prefers the digest over the version range over the tag."""
    url = string(source.body, "spec", "url")
    ref = mapping(source.body, "spec", "ref")
    digest = string(ref, "digest")
    version = string(ref, "semver") or scalar_text(ref.get("tag")) or "latest"
    chart = ChartSource("oci", url.rpartition("/")[2], url, version, file=source.file)
    if digest:
        chart = replace(chart, version="", digest=digest)
    unresolved = []
    if ref.get("semverFilter") and not digest:
        unresolved.append("an OCIRepository by semverFilter is not resolved")
    layer = string(source.body, "spec", "layerSelector", "mediaType")
    if layer not in ("", _CONTENT):
        unresolved.append(f"layerSelector takes the layer {layer}, which is no chart of Helm")
    return _Part(chart, unresolved=tuple(unresolved), facts=_facts(source))


def _facts(source: Item) -> dict[str, Json]:
    """How the source is verified, and whether it stands still."""
    suspended = value(source.body, "spec", "suspend") is True
    return {
        "source.verify": mapping(source.body, "spec", "verify"),
        "source.suspended": f"{source.kind} {source.name}" if suspended else "",
    }


def _chart_name(tree: Tree, chart: ChartSource) -> str:
    """The name of the chart; a change of it makes Flux install the release anew."""
    if chart.kind != "path":
        return "" if chart.kind == "unknown" else chart.name
    items = tree.documents(f"{chart.name}/Chart.yaml").items
    return string(items[0].body, "name") if items else ""


def _templated(flux: Flux, cluster: Cluster, namespace: str, template: dict[str, Json]) -> _Part:
    """A chart by name and source, as `spec.chart.spec` and a HelmChart's `spec` have them."""
    reference = mapping(template, "sourceRef")
    kind, name = string(reference, "kind"), string(reference, "name")
    space = string(reference, "namespace") or namespace
    chart, version = string(template, "chart"), scalar_text(template.get("version"))
    unresolved = _values_files(template)
    if kind in ("GitRepository", "Bucket"):
        if kind == "GitRepository" and flux.is_local(space, reference, cluster):
            return _with_files(flux.tree, normal(chart), template)
        return _Part(
            ChartSource("unknown", chart),
            unresolved=(f"the chart is in {kind} {space}/{name}, another repository",),
        )
    source = _source(flux, cluster, kind, space, name)
    if source is None:
        return _Part(
            ChartSource("unknown", chart, "", version),
            unresolved=(f"{kind} {space}/{name} is not in the repository",),
        )
    resolved = _from_repository(source, chart, version)
    return _Part(resolved, unresolved=unresolved, facts=_facts(source))


def _from_repository(source: Item, chart: str, version: str) -> ChartSource:
    url = string(source.body, "spec", "url").rstrip("/")
    if string(source.body, "spec", "type") == "oci" or url.startswith("oci://"):
        return ChartSource("oci", chart, f"{url}/{chart}", version)
    return ChartSource("repository", chart, url, version)


def _values_files(template: dict[str, Json]) -> tuple[str, ...]:
    named = [*sequence(template, "valuesFiles"), string(template, "valuesFile")]
    listed = [str(name) for name in named if name]
    if not listed or listed == ["values.yaml"]:
        return ()
    return (f"valuesFiles ({', '.join(listed)}) take the place of the chart's values.yaml",)


def _with_files(tree: Tree, chart: str, template: dict[str, Json]) -> _Part:
    """A chart of the repository, with its `valuesFiles`: where the chart's own values.yaml is the
    first of them, the others lie over it."""
    part = _Part(ChartSource("path", chart))
    paths = [normal(str(name)) for name in sequence(template, "valuesFiles")]
    if not paths or paths[0] != normal(f"{chart}/values.yaml"):
        return replace(part, unresolved=_values_files(template))
    there = [path for path in paths[1:] if tree.is_file(path)]
    layers = tuple(Layer("file", path=path, file=path) for path in there)
    if template.get("ignoreMissingValuesFiles") is True:
        return replace(part, layers=layers)
    missing = sorted(set(paths[1:]) - set(there))
    why = tuple(f"{path} of valuesFiles is not there" for path in missing)
    return replace(part, layers=layers, unresolved=why)


def _source(flux: Flux, cluster: Cluster, kind: str, namespace: str, name: str) -> Item | None:
    """A source as applied; where no Kustomization of this repository applies it, the only one of
    its name."""
    placed = cluster.find(kind, namespace, name)
    if placed is not None:
        return placed.item
    elsewhere = flux.anywhere(kind, namespace, name)
    if len(elsewhere) == 1:
        return elsewhere[0]
    return None


def _values(flux: Flux, cluster: Cluster, item: Item) -> _Part:
    layers: list[Layer] = []
    unresolved: list[str] = []
    for reference in sequence(item.body, "spec", "valuesFrom"):
        layer, why = _from_object(flux, cluster, item, reference)
        layers += [layer] if layer else []
        unresolved += [why] if why else []
    inline = mapping(item.body, "spec", "values")
    if inline:
        text = block_of(item.text, ("spec", "values"), inline, item.line)
        label = f"spec.values of HelmRelease {item.namespace}/{item.name}"
        layers.append(Layer("values", inline, text=text, file=item.file, label=label))
    return _Part(layers=tuple(layers), unresolved=tuple(unresolved))


def _from_object(
    flux: Flux, cluster: Cluster, item: Item, reference: Json
) -> tuple[Layer | None, str]:
    """The layer of one `valuesFrom`, and why it is not known."""
    kind, name = string(reference, "kind"), string(reference, "name")
    key = string(reference, "valuesKey") or "values.yaml"
    called = f"{kind} {item.namespace}/{name}"
    source = _source(flux, cluster, kind, item.namespace, name)
    optional = value(reference, "optional") is True
    if source is None:
        if optional:
            why = ""
        else:
            why = f"values of {called}, which is not in the repository"
        return None, why
    data = data_of(source)
    if key not in data:
        return None, "" if optional else f"{called} has no key {key}"
    text = data[key]
    if text is None:
        return None, f"values of {called}, which is encrypted"
    target = string(reference, "targetPath")
    label = f"{called} ({source.file})"
    if target:
        return Layer("target", path=target, text=text, file=source.file, label=label), ""
    return _layer_of(text, source, label)


def _layer_of(text: str, source: Item, label: str) -> tuple[Layer | None, str]:
    try:
        values = load(text, source.file)
    except ReadError as error:
        return None, f"{label}: {error.message}"
    if not isinstance(values, dict):
        return None, "" if values is None else f"{label} holds no mapping"
    return Layer("values", values, file=source.file, label=label), ""


def _unknown(placed: Placed, chart: ChartSource) -> Iterator[str]:
    if UNKNOWN in f"{chart.url}{chart.name}{chart.version}{chart.digest}":
        yield "its chart or version is not known"
    for name, why in placed.unknown.items():
        if not why.endswith("is encrypted"):
            yield f"the variable {name}: {why}"


def _added(spec: Json) -> Iterator[str]:
    """What Flux adds to every object, which is not part of what is compared."""
    metadata = mapping(spec, "commonMetadata")
    names = [*mapping(metadata, "labels"), *mapping(metadata, "annotations")]
    if names:
        yield f"commonMetadata is added to every object, and not compared: {', '.join(names)}"


def _awaited(cluster: Cluster, item: Item) -> Iterator[str]:
    """What it waits for and this repository does not declare: without that, nothing rolls out."""
    for entry in sequence(item.body, "spec", "dependsOn"):
        name, namespace = string(entry, "name"), string(entry, "namespace") or item.namespace
        if cluster.objects and cluster.find("HelmRelease", namespace, name) is None:
            yield f"it waits for HelmRelease {namespace}/{name}, which is not in the repository"


def _variables(placed: Placed) -> Iterator[str]:
    """The notes on variables that stand for themselves: the same on both sides as long as nobody
    changes the encrypted object."""
    for name, why in placed.unknown.items():
        if why.endswith("is encrypted"):
            yield f"the variable {name} stands for itself: {why}"


def _flags(spec: Json) -> Iterator[str]:
    """The checks and hooks that its upgrades leave out."""
    if value(spec, "upgrade", "disableSchemaValidation") is True:
        yield "--skip-schema-validation"
    if value(spec, "upgrade", "disableHooks") is True:
        yield "--no-hooks"


def _ignored(spec: Json) -> Iterator[str]:
    """The paths that drift detection leaves alone."""
    for rule in sequence(spec, "driftDetection", "ignore"):
        kind = string(rule, "target", "kind")
        for path in sequence(rule, "paths"):
            yield f"{path} of {kind}" if kind else str(path)


def _is_kept(item: Item) -> bool:
    """Whether the Kustomization leaves the object in the cluster once it no longer finds it."""
    fields = (mapping(item.body, "metadata", field) for field in ("annotations", "labels"))
    return any(field.get(_PRUNE) == "disabled" for field in fields)


def _settings(placed: Placed) -> dict[str, Json]:
    """What Flux will do beyond rendering, under Flux's own names."""
    spec = mapping(placed.item.body, "spec")
    suspended = placed.suspended
    if value(spec, "suspend") is True:
        suspended = f"HelmRelease {placed.item.name}"
    return {
        "object": f"{placed.item.namespace}/{placed.item.name}",
        "owner": placed.owner,
        "suspended": suspended,
        "prune": placed.prunes and not _is_kept(placed.item),
        "kubeConfig": mapping(spec, "kubeConfig"),
        "serviceAccountName": string(spec, "serviceAccountName"),
        "upgrade.chartNameChangeStrategy": string(spec, "upgrade", "chartNameChangeStrategy"),
        "storageNamespace": string(spec, "storageNamespace") or placed.item.namespace,
        "install.crds": string(spec, "install", "crds") or "Create",
        "upgrade.crds": string(spec, "upgrade", "crds") or "Skip",
        "upgrade.force": value(spec, "upgrade", "force") is True,
        "upgrade.disableHooks": value(spec, "upgrade", "disableHooks") is True,
        "upgrade.preserveValues": value(spec, "upgrade", "preserveValues") is True,
        "upgrade.takeOwnership": value(spec, "upgrade", "disableTakeOwnership") is not True,
        "upgrade.serverSideApply": value(spec, "upgrade", "serverSideApply"),
        "upgrade.remediation": mapping(spec, "upgrade", "remediation"),
        "upgrade.strategy": string(spec, "upgrade", "strategy", "name"),
        "driftDetection": string(spec, "driftDetection", "mode") or "disabled",
        "driftDetection.ignore": ", ".join(_ignored(spec)),
        "commonMetadata": mapping(spec, "commonMetadata"),
        "postRenderers": sequence(spec, "postRenderers"),
        "dependsOn": [string(entry, "name") for entry in sequence(spec, "dependsOn")],
    }


def standing_alone(item: Item, cluster: Cluster, flux: Flux) -> Declared:
    """A HelmRelease that no Kustomization of the repository applies, as it stands."""
    release = declared(flux, cluster, Placed(item))
    note = "no Kustomization of this repository applies it: read as it stands"
    if not flux.clusters:
        return replace(release, notes=(note,))
    settings = {**release.settings, "unapplied": True}
    return replace(release, identity=item.file, settings=settings, notes=(note,))
