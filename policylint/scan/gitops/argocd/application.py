"""Argo CD: what an Application comes to.

Sources: the Application specification and the Helm page of Argo CD's documentation (user-guide:
helm, multiple_sources): `helm template` with the value files in order, then inline values, then
parameters; CRDs are included unless `skipCrds`; `.Release.IsUpgrade` is never set.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.model import Json
from policylint.scan.gitops.argocd.clusters import ArgoCluster
from policylint.scan.gitops.argocd.overrides import overridden
from policylint.scan.gitops.globs import expanded
from policylint.scan.gitops.model import ChartSource, Declared, Layer
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
from policylint.scan.gitops.urls import same_repository

GROUP = "argoproj.io"
_IN_CLUSTER = ("https://kubernetes.default.svc", "in-cluster", "")
_OWN_REVISIONS = ("", "HEAD", "main", "master", "trunk", "develop")
_FLAGS = {"skipSchemaValidation": "--skip-schema-validation", "skipTests": "--skip-tests"}
FINALIZER = "resources-finalizer.argocd.argoproj.io"


class Context(Struct, frozen=True):
    """The tree, the URLs by which its repository is known, and the clusters."""

    tree: Tree
    remotes: frozenset[str] = frozenset()
    clusters: tuple[ArgoCluster, ...] = ()
    """The clusters of Argo CD, where the user names them."""

    def is_here(self, url: str) -> bool:
        """Whether a source's URL is that of this repository; without a remote, any git URL is
        taken for it."""
        return not self.remotes or any(same_repository(url, remote) for remote in self.remotes)


_Path = tuple[str | int, ...]
"""Where a source stands in its Application."""


class _Values(Struct, frozen=True):
    layers: tuple[Layer, ...] = ()
    unresolved: tuple[str, ...] = ()


def declared(context: Context, item: Item) -> Iterator[Declared]:
    """The releases of one Application: one for each source that is a Helm chart."""
    spec = mapping(item.body, "spec")
    sources: dict[_Path, dict[str, Json]] = {
        ("spec", "sources", place): source
        for place, source in enumerate(sequence(spec, "sources"))
        if isinstance(source, dict)
    }
    single = mapping(spec, "source")
    if not sources and single:
        sources = {("spec", "source"): single}
    refs = {string(source, "ref"): source for source in sources.values() if source.get("ref")}
    number = 0
    for path, written in sources.items():
        source, why = overridden(context.tree, item, written)
        if not _is_helm(context, source):
            continue
        release = _release(context, item, source, path, refs, number)
        yield replace(release, unresolved=(*release.unresolved, *filter(None, (why,))))
        number += 1


def _is_helm(context: Context, source: Mapping[str, Json]) -> bool:
    """A source is Helm's by `chart`, by a `helm` block, or by the Chart.yaml in its path."""
    body = dict(source)
    if string(body, "chart") or isinstance(body.get("helm"), dict):
        return not (body.get("ref") and not string(body, "chart") and "path" not in body)
    path = string(body, "path")
    here = bool(path) and context.is_here(string(body, "repoURL"))
    return here and context.tree.is_file(posixpath.join(normal(path), "Chart.yaml"))


def _release(
    context: Context,
    item: Item,
    source: dict[str, Json],
    path: _Path,
    refs: Mapping[str, dict[str, Json]],
    number: int,
) -> Declared:
    spec, helm = mapping(item.body, "spec"), mapping(source, "helm")
    chart, why = _chart(context, source)
    values = _values(context, item, source, path, chart, refs)
    destination = mapping(spec, "destination")
    name = string(helm, "releaseName") or item.name
    sets, unset = _parameters(helm, chart)
    identity = item.name if name != item.name else ""
    return Declared(
        tool="argocd",
        name=name,
        namespace=string(helm, "namespace") or string(destination, "namespace"),
        file=item.file,
        line=item.line,
        cluster=_cluster(destination),
        identity=f"{identity}#{number}" if number else identity,
        chart=chart,
        layers=values.layers,
        sets=sets,
        settings=_settings(item) | {"plugin": mapping(source, "plugin")},
        kube_version=string(helm, "kubeVersion"),
        api_versions=tuple(map(str, sequence(helm, "apiVersions"))),
        include_crds=value(helm, "skipCrds") is not True,
        flags=tuple(flag for key, flag in _FLAGS.items() if value(helm, key) is True),
        unresolved=(*why, *values.unresolved, *unset, *_plugin(source)),
        written=str(source),
        notes=tuple(_notes(item)),
    )


def _plugin(source: dict[str, Json]) -> Iterator[str]:
    if source.get("plugin"):
        name = string(source, "plugin", "name") or "a plugin"
        yield f"{name} renders it (plugin), which is not run here"


def _cluster(destination: dict[str, Json]) -> str:
    name = string(destination, "name") or string(destination, "server")
    if name in _IN_CLUSTER:
        return ""
    return name


def _chart(context: Context, source: dict[str, Json]) -> tuple[ChartSource, tuple[str, ...]]:
    url, chart = string(source, "repoURL"), string(source, "chart")
    version = scalar_text(source.get("targetRevision"))
    if chart and url.startswith(("http://", "https://")):
        return ChartSource("repository", chart, url, version), ()
    if chart:
        host = url.removeprefix("oci://").rstrip("/")
        return ChartSource("oci", chart, f"oci://{host}/{chart}", version), ()
    if url.startswith("oci://"):
        return ChartSource("oci", url.rpartition("/")[2], url, version), ()
    path = normal(string(source, "path") or ".")
    if not context.is_here(url):
        return ChartSource("unknown", path, url), (f"the chart is in {url}, another repository",)
    if version not in _OWN_REVISIONS:
        return ChartSource("path", path), (f"it follows the revision {version}, not this one",)
    return ChartSource("path", path), ()


def _values(
    context: Context,
    item: Item,
    source: dict[str, Json],
    place: _Path,
    chart: ChartSource,
    refs: Mapping[str, dict[str, Json]],
) -> _Values:
    helm = mapping(source, "helm")
    layers: list[Layer] = []
    unresolved: list[str] = []
    ignores = value(helm, "ignoreMissingValueFiles") is True
    for entry in sequence(helm, "valueFiles"):
        paths, why = _value_files(context, chart, str(entry), refs)
        layers += [Layer("file", path=path, file=path) for path in paths]
        if why or not (paths or ignores):
            unresolved.append(why or f"the values file {entry} is not there")
    inline, why = _inline(helm)
    if inline:
        key = "valuesObject" if helm.get("valuesObject") else "values"
        text = block_of(item.text, (*place, "helm", key), inline, item.line)
        label = f"helm.{key} of Application {item.name} ({item.file})"
        layers.append(Layer("values", inline, text=text, file=item.file, label=label))
    return _Values(tuple(layers), (*unresolved, *((why,) if why else ())))


def _value_files(
    context: Context, chart: ChartSource, entry: str, refs: Mapping[str, dict[str, Json]]
) -> tuple[list[str], str]:
    """The files that one entry of `valueFiles` names, and why they are not known."""
    if "://" in entry or "$ARGOCD" in entry:
        return [], f"the values file {entry} is not in the repository"
    if entry.startswith("$"):
        name, _, path = entry.removeprefix("$").partition("/")
        source = refs.get(name)
        if source is None or not context.is_here(string(source, "repoURL")):
            return [], f"the values file {entry} is in another repository"
        if source.get("path") and not source.get("chart"):
            root = string(source, "path")
        else:
            root = ""
        return expanded(context.tree, normal(posixpath.join(root, path))), ""
    if chart.kind != "path":
        return [], f"the values file {entry} is in the chart itself"
    if entry.startswith("/"):
        at = entry
    else:
        at = posixpath.join(chart.name, entry)
    return expanded(context.tree, normal(at)), ""


def _inline(helm: dict[str, Json]) -> tuple[dict[str, Json], str]:
    """`valuesObject`, else the text of `values`."""
    whole = mapping(helm, "valuesObject")
    text = string(helm, "values")
    if whole or not text:
        return whole, ""
    try:
        values = load(text, "helm.values")
    except ReadError as error:
        return {}, f"helm.values cannot be read: {error.message}"
    if isinstance(values, dict):
        return (values, "")
    return ({}, "")


def _parameters(
    helm: dict[str, Json], chart: ChartSource
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """`parameters` and `fileParameters` as Helm's flags; those that Argo CD's own variables decide
    are not known."""
    sets: list[tuple[str, str]] = []
    unknown: list[str] = []
    for entry in sequence(helm, "parameters"):
        name, text = string(entry, "name"), scalar_text(value(entry, "value"))
        if "$ARGOCD" in text:
            unknown.append(f"the parameter {name} is made of Argo CD's variables")
        if value(entry, "forceString") is True:
            flag = "set-string"
        else:
            flag = "set"
        sets.append((flag, f"{name}={_escaped(text)}"))
    for entry in sequence(helm, "fileParameters"):
        name, path = string(entry, "name"), string(entry, "path")
        if chart.kind == "path" and not path.startswith("$"):
            sets.append(("set-file", f"{name}={normal(posixpath.join(chart.name, path))}"))
        else:
            unknown.append(f"the file of the parameter {name} is not in the repository")
    return tuple(sets), tuple(unknown)


def _escaped(text: str) -> str:
    """A parameter's value as Argo CD escapes commas for --set, those inside `{}` and already
    escaped ones left out (util/helm/helm.go, cleanSetParameters)."""
    if text.startswith("{") and text.endswith("}"):
        return text
    return text.replace("\\,", "\0").replace(",", "\\,").replace("\0", "\\,")


def _settings(item: Item) -> dict[str, Json]:
    policy = mapping(item.body, "spec", "syncPolicy")
    options = {str(option).partition("=")[0]: option for option in sequence(policy, "syncOptions")}

    def is_on(name: str) -> bool:
        return options.get(name) == f"{name}=true"

    return {
        "application": item.name,
        "prune": FINALIZER in str(sequence(item.body, "metadata", "finalizers")),
        "sync.automated": _is_automated(policy),
        "sync.prune": value(policy, "automated", "prune") is True,
        "sync.selfHeal": value(policy, "automated", "selfHeal") is True,
        "sync.serverSideApply": is_on("ServerSideApply"),
        "sync.replace": is_on("Replace"),
    }


def _is_automated(policy: Mapping[str, Json]) -> bool:
    automated = policy.get("automated")
    return isinstance(automated, dict) and automated.get("enabled") is not False


def _notes(item: Item) -> Iterator[str]:
    owner = string(item.body, "untouched")
    if owner:
        yield f"ApplicationSet {owner} changes no Application that is there (applicationsSync)"
    policy = mapping(item.body, "spec", "syncPolicy")
    if not _is_automated(policy):
        yield "it is not synced automatically: changes wait for a person"
    elif value(policy, "automated", "prune") is not True:
        yield "prune is off: what is no longer rendered stays in the cluster"
