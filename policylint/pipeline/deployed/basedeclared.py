"""The before side of a typed command whose release a declaration of the repository upgrades: a task
of Ansible, a helm_release of Terraform, a HelmRelease ... as the base has it.

What is typed says nothing of what runs now; the declaration at the base does.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from policylint.config import Config
from policylint.errors import RuleFailure, SourceError
from policylint.helm.inputs.sides import Side
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.git import Repository
from policylint.helm.sources.snapshot import Revision
from policylint.pipeline.configuration.settings import Settings
from policylint.pipeline.declared.change import Change
from policylint.pipeline.declared.sides import side_of
from policylint.pipeline.declared.tools import tools_of
from policylint.pipeline.trees import repository_urls, tree_at
from policylint.scan.gitops.model import Declarations, Declared
from policylint.scan.gitops.resolve import resolve
from policylint.scan.invocations.model import Invocation


class Earlier(Struct, frozen=True):
    """The side that a declaration of the base renders, where it stands, and what of it is not
    known."""

    side: Side
    where: str
    failures: tuple[RuleFailure, ...] = ()


def earlier_declared(
    settings: Settings,
    repository: Repository,
    revision: Revision,
    past: Sequence[Invocation],
    workspace: Workspace,
) -> Earlier | None:
    """What the base declares of the release that is typed; None where it declares none.

    `past` is what a scan finds at the base. Raises SourceError where several declare it and differ.
    """
    if not _may_declare(settings.options.release, past):
        return None
    tree = tree_at(repository, revision.commit, workspace)
    tools = tools_of(settings.options, Config(), workspace)
    declarations = resolve(tree, tools, repository_urls(repository))
    releases = [release for release in declarations.releases if _is_typed(release, settings)]
    if not releases:
        return None
    if len(set(map(_rendered, releases))) > 1:
        raise _ambiguous(settings, releases)
    release = releases[0]
    change = Change(repository, revision, (tree, tree), (declarations, Declarations()), frozenset())
    where = f"{release.file}:{release.line}"
    failures = (_unknown(where, word) for word in release.unresolved)
    return Earlier(side_of(release, settings, change, 0, workspace), where, tuple(failures))


def _may_declare(name: str, past: Sequence[Invocation]) -> bool:
    """Whether anything but a command of helm names the release."""
    return bool(name) and any(run.release == name and run.tool != "helm" for run in past)


def _is_typed(release: Declared, settings: Settings) -> bool:
    """Whether a declaration is of the release that is typed, in its environment where it is
    named."""
    options = settings.options
    place = release.cluster or release.environment
    is_there = not options.environment or not place or place == options.environment
    in_namespace = not options.namespace or options.namespace == release.namespace
    return release.name == options.release and in_namespace and is_there


def _rendered(release: Declared) -> str:
    """What decides what a release renders, to tell whether several are alike."""
    return repr((release.chart, release.layers, release.sets, release.flags, release.unresolved))


def _ambiguous(settings: Settings, releases: Sequence[Declared]) -> SourceError:
    places = ", ".join(f"{release.file}:{release.line}" for release in releases)
    return SourceError(
        f"what {settings.options.release} is before is not known: {places} declare it otherwise",
        remedy="--env ENVIRONMENT names the one, or --before names the side",
    )


def _unknown(where: str, word: str) -> RuleFailure:
    remedy = "name the before side: --before release:NAMESPACE/NAME"
    return RuleFailure("declared", f"before, {where}: {word}", remedy)
