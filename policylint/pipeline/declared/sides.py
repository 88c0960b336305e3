"""A declared release's two sides: its chart and values as files of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from policylint.errors import SourceError
from policylint.helm.inputs.declaring import DeclaredSettings
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, EmptySide, Side
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.chartcache import ChartCache, Reference, cache_root
from policylint.helm.sources.resolve import resolve as resolve_side
from policylint.model import Apply
from policylint.pipeline.configuration.settings import Settings
from policylint.pipeline.declared.change import Change
from policylint.pipeline.declared.fetching import NEVER, check_source
from policylint.pipeline.declared.pairs import Pair
from policylint.pipeline.declared.values import values_of
from policylint.pipeline.target import minor
from policylint.scan.gitops.model import Declared
from policylint.scan.gitops.tree import Tree

_APPLYING = ("argocd", "kustomize")
"""Tools that apply what `helm template` prints."""


_FORCING = frozenset({"flux", "argocd"})
"""Tools that force the conflicts of server-side apply. Sources: helm-controller
internal/action/upgrade.go; Argo CD's gitops-engine pkg/utils/kube/resource_ops.go."""
_APPLY = {"enabled": Apply.SERVER_SIDE, "disabled": Apply.CLIENT_SIDE}
"""`spec.upgrade.serverSideApply` of a HelmRelease; `auto` is what the last revision had."""


def options_of(options: Options, pair: Pair, configured: DeclaredSettings) -> Options:
    """The options of one release; what the tool says of how it is sent holds where the command
    line is silent, then what the configuration says of it (`configured`)."""
    declared = pair.declared
    apply = options.apply or _sent(declared)
    force = _forces(declared, apply)
    return replace(
        options,
        after=declared.chart.shown,
        release=declared.name,
        namespace=declared.namespace,
        version=declared.chart.version,
        kube_version=_first(options.kube_version, declared.kube_version, configured.kubernetes),
        environment=_first(options.environment, configured.environment),
        api_versions=(*options.api_versions, *declared.api_versions),
        include_crds=options.include_crds or _sends_crds(pair),
        force=options.force or force,
        conflicts_taken=declared.tool in _FORCING,
        take_ownership=options.take_ownership or _takes_over(declared),
        skip_crds=options.skip_crds or declared.settings.get("install.crds") == "Skip",
        helm_version=_first(options.helm_version, _line(declared), configured.helm),
        apply=apply or (Apply.CLIENT_SIDE if force else None),
    )


def _first(*words: str) -> str:
    return next(filter(None, words), "")


def _line(declared: Declared) -> str:
    """The Helm line of a tool that runs no `helm upgrade`: its rendering is Helm 3's."""
    if declared.tool in _APPLYING:
        return "3"
    return ""


def _sends_crds(pair: Pair) -> bool:
    """Whether what lies in crds/ is sent with each upgrade: Argo CD's way, and Flux's policy
    CreateReplace."""
    replaces = pair.before is not None and _replaces_crds(pair.declared)
    return pair.declared.include_crds or replaces


def _replaces_crds(declared: Declared) -> bool:
    return declared.settings.get("upgrade.crds") == "CreateReplace"


def _forces(declared: Declared, apply: Apply | None) -> bool:
    """Whether it replaces objects, which goes with anything but server-side apply."""
    return declared.settings.get("upgrade.force") is True and apply is not Apply.SERVER_SIDE


def _takes_over(declared: Declared) -> bool:
    """Whether objects of nobody's release are taken over: Argo CD and its like ask no object whose
    it is, Flux and others say so."""
    return declared.tool in _APPLYING or declared.settings.get("upgrade.takeOwnership") is True


def _sent(declared: Declared) -> Apply | None:
    """How the tool itself sends objects, where it says so: Argo CD applies what `helm template`
    prints, client-side unless a sync option says otherwise."""
    settings = declared.settings
    if declared.tool not in _APPLYING:
        return _APPLY.get(str(settings.get("upgrade.serverSideApply") or ""))
    if settings.get("sync.replace"):
        return Apply.REPLACE
    if settings.get("sync.serverSideApply"):
        return Apply.SERVER_SIDE
    return Apply.CLIENT_SIDE


def mode_of(declared: Declared) -> str:
    """The values mode that the tool upgrades with, "" for none of its own."""
    if declared.settings.get("upgrade.preserveValues") is True:
        return "reuse"
    return ""


def side_of(
    release: Declared | None,
    settings: Settings,
    change: Change,
    number: int,
    workspace: Workspace,
) -> Side:
    """One side of a release, from its own revision."""
    if release is None:
        return _absent(change, number)
    tree = change.trees[number]
    values = values_of(release, _shown_root(tree, number), workspace.directory())
    side = ChartSide(
        chart=release.chart.name,
        values=values.values,
        release=release.name,
        namespace=release.namespace,
        kube_version=minor(settings),
        api_versions=settings.api_versions,
        include_crds=settings.options.include_crds,
        label=_label(release, change, number),
        root="" if number else str(tree.root),
        copies=values.copies,
        notes=tuple(_notes(release)) if number else (),
        extra=release.flags,
    )
    if release.tool in _APPLYING:
        side = replace(side, is_upgrade=False)  # `helm template` renders an install, always
    if release.chart.kind == "path":
        return _local(release, side, tree, number, settings, workspace)
    return _fetched(release, side, settings, change)


def _shown_root(tree: Tree, number: int) -> Path:
    """Where files are named from: the work tree's as a person here would write them."""
    if number:
        return Path(os.path.relpath(tree.root))
    return tree.root


def _absent(change: Change, number: int) -> EmptySide:
    if number:
        note = "the release is no longer declared: this is its uninstall"
        return EmptySide(f"not declared since {change.revision.label}", (note,))
    return EmptySide(change.revision.label, (f"the release is new since {change.revision.label}",))


def _label(release: Declared, change: Change, number: int) -> str:
    chart = " ".join(filter(None, (release.chart.shown, release.chart.version)))
    if number:
        return chart
    return f"{chart} at {change.revision.label}"


def _notes(release: Declared) -> Iterator[str]:
    yield from release.notes
    if release.is_suspended:
        yield f"{release.settings['suspended']} is suspended: rolled out once it is resumed"
    if release.settings.get("source.suspended"):
        yield f"{release.settings['source.suspended']} is suspended: a new version waits for it"
    if release.settings.get("driftDetection") in ("enabled", "warn"):
        yield from _drift(release)
    if release.settings.get("upgrade.crds") == "CreateReplace":
        yield "the chart's CRDs are replaced at each upgrade (upgrade.crds: CreateReplace)"


def _drift(release: Declared) -> Iterator[str]:
    """What becomes of changes by hand, where Flux looks for them."""
    mode = release.settings.get("driftDetection")
    is_corrected = mode == "enabled"
    what = "set back" if is_corrected else "told, and left"
    yield f"what was changed by hand is {what} (driftDetection: {mode})"
    ignored = release.settings.get("driftDetection.ignore")
    if is_corrected and ignored:
        yield f"but not below {ignored} (driftDetection.ignore)"


def _local(
    release: Declared,
    side: ChartSide,
    tree: Tree,
    number: int,
    settings: Settings,
    workspace: Workspace,
) -> Side:
    folder = release.chart.name
    if not tree.is_file(f"{folder}/Chart.yaml"):
        raise SourceError(
            f"there is no chart in {folder}",
            file=release.file,
            line=release.line,
            remedy="correct the path of the chart",
        )
    path = str(_shown_root(tree, number) / folder)
    chart = replace(side, chart=path)
    resolved = resolve_side(path, chart, workspace, settings.options.helm)
    if isinstance(resolved, ChartSide):
        return replace(resolved, label=side.label)
    return resolved


def _fetched(release: Declared, side: ChartSide, settings: Settings, change: Change) -> ChartSide:
    """A chart that helm pulled, as an archive on this machine."""
    options, chart = settings.options, release.chart
    if chart.kind == "unknown":
        raise SourceError(
            f"the chart of {release.namespace}/{release.name} is not known:"
            f" {'; '.join(release.unresolved)}",
            file=release.file,
            line=release.line,
            remedy="name both sides: policylint check CHART --before CHART",
        )
    check_source(release, change, options.fetch)
    offline = options.offline or options.fetch == NEVER
    cache = ChartCache(cache_root(), options.helm, offline, options.allow_private_sources)
    name, repo = (chart.url, "") if chart.kind == "oci" else (chart.name, chart.url)
    try:
        archive = cache.chart(Reference(name, repo, chart.version, chart.digest))
    except SourceError as error:
        raise SourceError(
            f"{release.namespace}/{release.name}: {error.message}",
            file=release.file,
            line=release.line,
            remedy=error.remedy,
        ) from error
    copies = (*side.copies, (str(archive), side.label))
    return replace(side, chart=str(archive), copies=copies)
