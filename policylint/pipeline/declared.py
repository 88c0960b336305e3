"""What the files of a repository declare becomes plans: both revisions resolved, and paired.

A release is known by cluster or environment, namespace and name, whichever tool declares it: one
that is gone is uninstalled, a new one installed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from policylint.config import Config
from policylint.errors import PolicylintError, RuleFailure, SourceError, UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, EmptySide, Side
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.baseline import default_revision, named_revision
from policylint.helm.sources.chartcache import ChartCache, Reference, cache_root
from policylint.helm.sources.git import Repository, find_repository
from policylint.helm.sources.resolve import resolve as resolve_side
from policylint.helm.sources.snapshot import Revision
from policylint.model import Apply
from policylint.pipeline.declaredvalues import given
from policylint.pipeline.plan import Plan, plan_of
from policylint.pipeline.settings import Settings, resolve
from policylint.pipeline.target import minor
from policylint.pipeline.trees import repository_urls, tree_at, work_tree
from policylint.report.model import ChartChange, ChartVersion, ReleaseSource
from policylint.scan.gitops.kustomizebinary import find_builder
from policylint.scan.gitops.model import Declarations, Declared, Problem
from policylint.scan.gitops.resolve import resolve as resolve_tree
from policylint.scan.gitops.tree import Tree

_DECLARING = (".yaml", ".yml", ".json", ".gotmpl", ".tpl", ".tgz")
"""How files end that may decide a release."""
_APPLYING = ("argocd", "kustomize")
"""Tools that apply what `helm template` prints."""
_APPLY = {"enabled": Apply.SERVER_SIDE, "disabled": Apply.CLIENT_SIDE}
"""`spec.upgrade.serverSideApply` of a HelmRelease; `auto` is what the last revision had."""


class Loaded(Struct, frozen=True):
    """The plans of a run, what kept others from being found, and what was left out."""

    plans: tuple[Plan, ...]
    failures: tuple[RuleFailure, ...] = ()
    untouched: tuple[str, ...] = ()


class Pair(Struct, frozen=True):
    """A release as both revisions declare it; None where one does not."""

    before: Declared | None
    after: Declared | None
    is_uninstalled: bool = False
    """Whether the tool is told to uninstall it now."""

    @property
    def declared(self) -> Declared:
        """As it is declared now, else as it was."""
        release = self.after or self.before
        if release is None:
            raise ValueError("a pair has a side")
        return release


class _Change(Struct, frozen=True):
    """Both revisions of a repository, resolved."""

    repository: Repository
    revision: Revision
    trees: tuple[Tree, Tree]
    found: tuple[Declarations, Declarations]
    files: frozenset[str]
    """What differs between them."""

    @property
    def problems(self) -> tuple[dict[str, Problem], dict[str, Problem]]:
        """What each revision could not resolve, by its words."""
        before, after = self.found
        return _by_words(before), _by_words(after)


def declared_plans(options: Options, config: Config, workspace: Workspace) -> Loaded:
    """The plans of the releases that a change touches, or of all with `--all`.

    Raises `UsageError` where nothing is declared at either revision, SourceError where there is no
    base.
    """
    change = _resolved(options, config, workspace)
    pairs = paired(*change.found)
    if not pairs and not any(change.problems):
        raise _nothing(config.file)
    wanted = [pair for pair in pairs if _is_wanted(pair, change, options)]
    planned = tuple(_planned(options, config, pair, change, workspace) for pair in wanted)
    rest = (pair.declared for pair in pairs if pair not in wanted)
    untouched = tuple(f"{release.namespace}/{release.name}" for release in rest)
    return Loaded(planned, _failures(change, everything=options.everything), untouched)


def _is_wanted(pair: Pair, change: _Change, options: Options) -> bool:
    return (options.everything or _is_touched(pair, change)) and not _stays(pair)


def _nothing(file: str) -> UsageError:
    return UsageError(
        "nothing to check: no chart is named, no release is configured, and none is declared here",
        file=file,
        remedy="policylint check CHART, or list releases in .policylint.yaml",
    )


def _resolved(options: Options, config: Config, workspace: Workspace) -> _Change:
    repository = find_repository(".")
    if repository is None:
        raise _nothing(config.file)
    now = work_tree(repository)
    builder = find_builder()
    remotes = repository_urls(repository)
    after = resolve_tree(now, builder, remotes)
    if not after.releases and not after.problems and options.before == "":
        _check_history(repository, config)
    revision = _revision(repository, options, config)
    if revision.commit == repository.commit("HEAD") and repository.state([]).is_clean:
        raise SourceError(
            f"{revision.label} is what the work tree holds: a commit is never compared with itself",
            remedy="name an older revision with --before",
        )
    then = tree_at(repository, revision.commit, workspace)
    files = {
        *repository.names("diff", "--name-only", "--no-renames", "-z", revision.commit, "--"),
        *repository.names("ls-files", "--others", "--exclude-standard", "-z"),
    }
    before = resolve_tree(then, builder, remotes)
    return _Change(repository, revision, (then, now), (before, after), frozenset(files))


def _check_history(repository: Repository, config: Config) -> None:
    """Say that nothing is declared before asking for a base, where there can be none."""
    if not repository.commit("HEAD"):
        raise _nothing(config.file)


def _revision(repository: Repository, options: Options, config: Config) -> Revision:
    if not options.before:
        return default_revision(repository, [], config.default_branch)
    if not options.before.startswith("git:"):
        raise UsageError(
            f"declared releases are compared with a revision, not with {options.before}",
            remedy="--before git:REV",
        )
    return named_revision(repository, options.before.removeprefix("git:"))


def paired(before: Declarations, after: Declarations) -> list[Pair]:
    """The releases of both revisions: those of now in their order, then those that are gone."""
    then, now = _keyed(before), _keyed(after)
    pairs = [Pair(then.get(key), release) for key, release in now.items()]
    told = {release.key for release in after.releases if release.is_absent}
    gone = [(key, release) for key, release in then.items() if key not in now]
    return pairs + [Pair(release, None, key in told) for key, release in gone]


def _keyed(found: Declarations) -> dict[tuple[str, ...], Declared]:
    """The releases by their key; several of one key are told apart by their order."""
    releases: dict[tuple[str, ...], Declared] = {}
    for release in found.releases:
        if release.is_absent:
            continue
        key, number = release.key, 1
        while key in releases:
            number += 1
            key = (*release.key, str(number))
        releases[key] = release
    return releases


def _is_touched(pair: Pair, change: _Change) -> bool:
    if pair.before is None or pair.after is None:
        return True
    if _judged(pair.before) != _judged(pair.after):
        return True
    own = {layer.path for layer in pair.after.layers if layer.kind == "file"}
    folders = _chart_folders(pair.after, change.trees[1])
    return any(file in own or file.startswith(folders) for file in change.files)


def _judged(release: Declared) -> Declared:
    """A release without where it is written."""
    layers = tuple(replace(layer, text="", file="", label="") for layer in release.layers)
    return replace(release, file="", line=0, layers=layers, notes=())


def _chart_folders(release: Declared, tree: Tree) -> tuple[str, ...]:
    """The directories of the repository that a chart is made of, with those it takes by
    `file://`."""
    if release.chart.kind != "path":
        return ()
    folders: list[str] = []
    waiting = [release.chart.name]
    while waiting and len(folders) < 100:
        folder = waiting.pop()
        if f"{folder}/" in folders:
            continue
        folders.append(f"{folder}/")
        for item in tree.documents(f"{folder}/Chart.yaml").items:
            waiting += _by_file(item.body.get("dependencies"), folder)
    return tuple(folders)


def _by_file(dependencies: object, folder: str) -> Iterator[str]:
    for entry in dependencies if isinstance(dependencies, list) else ():
        repository = entry.get("repository") if isinstance(entry, dict) else None
        if isinstance(repository, str) and repository.startswith("file://"):
            yield os.path.normpath(f"{folder}/{repository.removeprefix('file://')}")


def _stays(pair: Pair) -> bool:
    """Whether a release that is no longer declared is left in the cluster: nothing prunes it."""
    return pair.after is None and not pair.is_uninstalled and not _prunes(pair.declared)


def _prunes(release: Declared) -> bool:
    return release.settings.get("prune") is not False


def _failures(change: _Change, *, everything: bool) -> tuple[RuleFailure, ...]:
    """What could not be resolved and may hide part of this change."""
    before, after = change.problems
    problems = {**before, **after}.items()
    told = [
        problem
        for words, problem in problems
        if everything or words not in before or _may_hide(problem, change.files)
    ]
    return tuple(RuleFailure("declared", str(problem), problem.remedy) for problem in told)


def _by_words(found: Declarations) -> dict[str, Problem]:
    return {str(problem): problem for problem in found.problems}


def _may_hide(problem: Problem, files: frozenset[str]) -> bool:
    """Whether a changed file lies where releases could not be resolved."""
    below = tuple(f"{path}/" for path in problem.paths)
    if "." in problem.paths and any(file.endswith(_DECLARING) for file in files):
        return True
    return any(file == problem.file or file.startswith(below) for file in files)


def _planned(
    options: Options, config: Config, pair: Pair, change: _Change, workspace: Workspace
) -> Plan:
    """The plan of one release; what cannot be had of it leaves the others as they are."""
    declared = pair.declared
    settings = resolve(_options(options, pair), config)
    facts = {
        "change": _word(pair),
        "source": ReleaseSource(
            declared.tool, declared.file, declared.line, declared.cluster, declared.environment
        ),
        "chart": _charts(pair),
        "failures": tuple(_unresolved(pair)),
    }
    try:
        sides = (
            _side(pair.before, settings, change, 0, workspace),
            _side(pair.after, settings, change, 1, workspace),
        )
        plan = plan_of(settings, workspace, sides=_as_upgrade(sides), deployed_mode=_mode(declared))
    except UsageError:
        raise
    except PolicylintError as error:
        nothing = EmptySide(declared.chart.shown)
        plan = Plan(declared.name, declared.namespace, nothing, nothing, settings, error=error)
    return replace(plan, **facts)


def _options(options: Options, pair: Pair) -> Options:
    """The options of one release; what the tool says of how it is sent holds where the command
    line is silent."""
    declared = pair.declared
    apply = options.apply or _sent(declared)
    force = declared.settings.get("upgrade.force") is True and apply is not Apply.SERVER_SIDE
    return replace(
        options,
        after=declared.chart.shown,
        release=declared.name,
        namespace=declared.namespace,
        version=declared.chart.version,
        kube_version=options.kube_version or declared.kube_version,
        api_versions=(*options.api_versions, *declared.api_versions),
        include_crds=options.include_crds or declared.include_crds,
        force=options.force or force,
        helm_version=options.helm_version or ("3" if declared.tool in _APPLYING else ""),
        apply=apply or (Apply.CLIENT_SIDE if force else None),
    )


def _sent(declared: Declared) -> Apply | None:
    """How the tool itself sends objects, where it says so: Argo CD applies what `helm template`
    prints, client-side unless a sync option says otherwise."""
    settings = declared.settings
    if declared.tool not in _APPLYING:
        return _APPLY.get(str(settings.get("upgrade.serverSideApply") or ""))
    if settings.get("sync.replace"):
        return Apply.REPLACE
    return Apply.SERVER_SIDE if settings.get("sync.serverSideApply") else Apply.CLIENT_SIDE


def _mode(declared: Declared) -> str:
    return "reuse" if declared.settings.get("upgrade.preserveValues") is True else ""


def _word(pair: Pair) -> str:
    if pair.before is None:
        return "created"
    return "kept" if pair.after else "deleted"


def _charts(pair: Pair) -> ChartChange | None:
    """The chart as it is declared, where one is now."""
    after = _version(pair.after)
    return ChartChange(_version(pair.before), after) if after else None


def _version(release: Declared | None) -> ChartVersion | None:
    if release is None:
        return None
    chart = release.chart
    return ChartVersion(chart.name.rpartition("/")[2], chart.version, chart.digest)


def _unresolved(pair: Pair) -> Iterator[RuleFailure]:
    """What of either side is not as the tool will have it."""
    words = [word for side in (pair.after, pair.before) if side for word in side.unresolved]
    declared = pair.declared
    where = f"{declared.file}:{declared.line}"
    for word in dict.fromkeys(words):
        yield RuleFailure("declared", f"{where}: {word}", "give it: policylint check CHART -f ...")
    if declared.settings.get("postRenderers"):
        yield RuleFailure(
            "post-renderer",
            f"{where}: postRenderers were not run, so what is sent is not known",
            "give their output as the sides: --before before.yaml after.yaml",
        )


def _as_upgrade(sides: tuple[Side, Side]) -> tuple[Side, Side]:
    before, after = sides
    if isinstance(before, EmptySide) and isinstance(after, ChartSide):
        return before, replace(after, is_upgrade=False)
    return sides


def _side(
    release: Declared | None,
    settings: Settings,
    change: _Change,
    number: int,
    workspace: Workspace,
) -> Side:
    """One side of a release, from its own revision."""
    if release is None:
        return _absent(change, number)
    tree = change.trees[number]
    values = given(release, _shown_root(tree, number), workspace.directory())
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
    )
    if release.tool in _APPLYING:
        side = replace(side, is_upgrade=False)  # `helm template` renders an install, always
    if release.chart.kind == "path":
        return _local(release, side, tree, number, settings, workspace)
    return _fetched(release, side, settings)


def _shown_root(tree: Tree, number: int) -> Path:
    """Where files are named from: the work tree's as a person here would write them."""
    return Path(os.path.relpath(tree.root)) if number else tree.root


def _absent(change: _Change, number: int) -> EmptySide:
    if number:
        note = "the release is no longer declared: this is its uninstall"
        return EmptySide(f"not declared since {change.revision.label}", (note,))
    return EmptySide(change.revision.label, (f"the release is new since {change.revision.label}",))


def _label(release: Declared, change: _Change, number: int) -> str:
    chart = " ".join(filter(None, (release.chart.shown, release.chart.version)))
    return chart if number else f"{chart} at {change.revision.label}"


def _notes(release: Declared) -> Iterator[str]:
    yield from release.notes
    if release.is_suspended:
        yield f"{release.settings['suspended']} is suspended: rolled out once it is resumed"
    if release.settings.get("upgrade.crds") == "CreateReplace":
        yield "the chart's CRDs are replaced at each upgrade (upgrade.crds: CreateReplace)"


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
    found = resolve_side(path, chart, workspace, settings.options.helm)
    return replace(found, label=side.label) if isinstance(found, ChartSide) else found


def _fetched(release: Declared, side: ChartSide, settings: Settings) -> ChartSide:
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
    cache = ChartCache(cache_root(), options.helm, options.offline, options.allow_private_sources)
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
