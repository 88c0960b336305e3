"""Both revisions of a repository, resolved: what differs between them, and what of it is not
known."""

from __future__ import annotations

import os

from msgspec import Struct
from msgspec.structs import replace

from policylint.config import Config
from policylint.errors import RuleFailure, SourceError, UsageError
from policylint.helm.inputs.declaring import Declaring
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ValuesInput
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.baseline import default_revision, named_revision
from policylint.helm.sources.git import Repository, find_repository
from policylint.helm.sources.reach import file_repositories
from policylint.helm.sources.snapshot import Revision
from policylint.pipeline.configuration.base import Base
from policylint.pipeline.declared.listed import as_declared
from policylint.pipeline.declared.pairs import Pair
from policylint.pipeline.declared.reached import is_reached, links_of
from policylint.pipeline.declared.tools import tools_of
from policylint.pipeline.trees import repository_urls, tree_at, work_tree
from policylint.scan.gitops.model import Declarations, Declared, Layer, Problem
from policylint.scan.gitops.resolve import resolve as resolve_tree
from policylint.scan.gitops.tree import Tree

_DECLARING = (".yaml", ".yml", ".json", ".gotmpl", ".tpl", ".tgz")
"""How files end that may decide a release."""


class Change(Struct, frozen=True):
    """Both revisions of a repository, resolved."""

    repository: Repository | None
    revision: Revision
    trees: tuple[Tree, Tree]
    sides: tuple[Declarations, Declarations]
    files: frozenset[str]
    """What differs between them."""
    links: tuple[str, ...] = ()
    """The symbolic links of either."""

    @property
    def problems(self) -> tuple[dict[str, Problem], dict[str, Problem]]:
        """What each revision could not resolve, by its words."""
        before, after = self.sides
        return _by_words(before), _by_words(after)


def nothing(file: str) -> UsageError:
    """What is said where nothing is declared."""
    return UsageError(
        "nothing to check: no chart is named, no release is configured, and none is declared here",
        file=file,
        remedy="policylint check CHART, or list releases in .policylint.yaml",
    )


def resolved(options: Options, config: Config, workspace: Workspace) -> Change:
    """The repository around the current directory at its base and now.

    Raises `UsageError` outside of one, SourceError where there is no base.
    """
    repository = find_repository(".")
    if repository is None:
        raise nothing(config.file)
    now = work_tree(repository)
    tools = tools_of(options, config, workspace)
    remotes = repository_urls(repository)
    after = resolve_tree(now, tools, remotes)
    if not after.releases and not after.problems and options.before == "":
        _check_history(repository, config)
    revision = base_of(repository, options, config)
    if revision.commit == repository.commit("HEAD") and repository.state([]).is_clean:
        raise SourceError(
            f"{revision.label} is what the work tree holds: a commit is never compared with itself",
            remedy="name an older revision with --before",
        )
    then = tree_at(repository, revision.commit, workspace)
    before = resolve_tree(then, tools, remotes)
    files = repository.changed(revision.commit)
    return _change(repository, revision, (then, now), (before, after), files)


def beside(
    base: Base,
    options: Options,
    config: Config,
    now: Config,
    files: frozenset[str],
    workspace: Workspace,
) -> Change:
    """The repository of a configuration that lists releases, at its base and `now`; `config` is
    the one that judges, `files` are those that git says differ."""
    repository, revision = base.repository, base.revision
    tools = tools_of(options, config, workspace)
    remotes = repository_urls(repository)
    trees = (tree_at(repository, revision.commit, workspace), work_tree(repository))
    earlier = base.config or now  # as what a first configuration lists was there before it
    listed = [as_declared(side.releases, repository) for side in (earlier, now)]
    before, after = (
        _without_commands(resolve_tree(tree, tools, remotes, tuple(releases)))
        for tree, releases in zip(trees, listed, strict=True)
    )
    return _change(repository, revision, trees, (before, after), files)


def _without_commands(side: Declarations) -> Declarations:
    """A side without the commands that variables decide: what they deploy, releases are listed
    for."""
    return replace(side, problems=tuple(problem for problem in side.problems if problem.paths))


def _change(
    repository: Repository,
    revision: Revision,
    trees: tuple[Tree, Tree],
    sides: tuple[Declarations, Declarations],
    files: frozenset[str],
) -> Change:
    links = links_of(repository, revision.commit)
    return Change(repository, revision, trees, sides, files | repository.ignored(), links)


def _check_history(repository: Repository, config: Config) -> None:
    """Say that nothing is declared before asking for a base, where there can be none."""
    if not repository.commit("HEAD"):
        raise nothing(config.file)


def base_of(repository: Repository, options: Options, config: Config) -> Revision:
    """The revision to compare with; raises UsageError for a before side of another kind."""
    if not options.before:
        return default_revision(repository, [], config.default_branch)
    if not options.before.startswith("git:"):
        raise UsageError(
            f"declared releases are compared with a revision, not with {options.before}",
            remedy="--before git:REV",
        )
    return named_revision(repository, options.before.removeprefix("git:"))


def is_touched(pair: Pair, change: Change) -> bool:
    """Whether a change reaches a release: its declaration, values or chart."""
    if pair.before is None or pair.after is None:
        return True
    if _judged(pair.before) != _judged(pair.after):
        return True
    own = {layer.path for layer in pair.after.layers if layer.kind == "file"}
    own.update(ValuesInput(set_file=_set_files(pair.after)).named)
    own.update(pair.after.depends, _chart_folders(pair.after, change.trees[1]))
    return is_reached(change.files, own, (tree.root for tree in change.trees), change.links)


def _judged(release: Declared) -> Declared:
    """A release without where it is written."""
    layers = tuple(map(_unplaced, release.layers))
    chart = replace(release.chart, file="")
    written = release.written if release.unresolved else ""
    bare = replace(release, chart=chart, file="", line=0, layers=layers, written=written)
    return replace(bare, notes=(), invocations=())


def _set_files(release: Declared) -> tuple[str, ...]:
    return tuple(text for flag, text in release.sets if flag == "set-file")


def _unplaced(layer: Layer) -> Layer:
    """A layer without where it is written; what is put at a key is nothing but its text."""
    text = layer.text if layer.kind == "target" else ""
    return replace(layer, text=text, file="", label="")


def _chart_folders(release: Declared, tree: Tree) -> list[str]:
    """The directories of the repository that a chart is made of, with those it takes by
    `file://`."""
    if release.chart.kind != "path":
        return []
    folders: list[str] = []
    waiting = [release.chart.name]
    while waiting and len(folders) < 100:
        folder = waiting.pop()
        if folder in folders:
            continue
        folders.append(folder)
        for name in ("Chart.yaml", "requirements.yaml"):
            text = tree.text(f"{folder}/{name}") or ""
            paths = file_repositories(text.encode(), name)
            waiting += (os.path.normpath(f"{folder}/{path}") for path in paths)
    return folders


def failures(change: Change, declaring: Declaring, *, everything: bool) -> tuple[RuleFailure, ...]:
    """What could not be resolved and may hide part of this change, of the files that are looked
    at."""
    before, after = change.problems
    problems = {**before, **after}.items()
    told = [
        problem
        for words, problem in problems
        if declaring.covers(problem.file)
        and (everything or words not in before or _may_hide(problem, change.files))
    ]
    return tuple(RuleFailure("declared", str(problem), problem.remedy) for problem in told)


def _by_words(side: Declarations) -> dict[str, Problem]:
    return {str(problem): problem for problem in side.problems}


def _may_hide(problem: Problem, files: frozenset[str]) -> bool:
    """Whether a changed file lies where releases could not be resolved."""
    below = tuple(f"{path}/" for path in problem.paths)
    if "." in problem.paths and any(file.endswith(_DECLARING) for file in files):
        return True
    named = {problem.file, *problem.paths}
    return any(file in named or file.startswith(below) for file in files)
