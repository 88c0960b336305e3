"""`policylint releases`: what the files of a repository declare, and what of it is not known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from policylint.config import Config, Release
from policylint.helm.inputs.declaring import Declaring
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.report.places import shown_path
from policylint.runtime.escapes import on_one_line
from policylint.runtime.sentences import plural

if TYPE_CHECKING:
    from policylint.scan.gitops.model import Declarations, Declared


class Listing(Struct, frozen=True):
    """The releases of a repository: those that its files declare, and those that its configuration
    lists."""

    declared: Declarations
    configured: tuple[Release, ...] = ()
    configuration: str = ""


def listing(path: str, options: Options) -> Listing:
    """What is declared and configured here. Raises `UsageError` for a configuration that cannot be
    read."""
    from policylint.pipeline.configuration.settings import load_config

    config = load_config(options)
    return Listing(_declared(path, options, config), config.releases, config.file)


def declarations(path: str = "", options: Options | None = None) -> Declarations:
    """The releases that a directory's files declare; those of the whole repository where the
    directory is in one. `options` say which tools of the user may be run."""
    from policylint.pipeline.configuration.settings import load_config

    asked = options or Options()
    return _declared(path, asked, load_config(asked))


def _declared(path: str, asked: Options, config: Config) -> Declarations:
    from policylint.helm.sources.git import find_repository
    from policylint.pipeline.declared.listed import as_declared
    from policylint.pipeline.declared.tools import tools_of
    from policylint.pipeline.trees import repository_urls, work_tree
    from policylint.scan.gitops.resolve import resolve
    from policylint.scan.gitops.tree import Tree

    repository = find_repository(path or ".")
    if repository:
        tree = work_tree(repository)
        remotes = repository_urls(repository)
    else:
        tree = Tree.of(Path(path or ".").resolve())
        remotes = frozenset()
    with Workspace() as workspace:
        listed = as_declared(config.releases, repository) if repository else ()
        listing = resolve(tree, tools_of(asked, config, workspace), remotes, tuple(listed))
    return _covered(listing, config.declared)


def _covered(listing: Declarations, declaring: Declaring) -> Declarations:
    """Those that the configuration does not leave out."""
    from policylint.scan.gitops.model import Declarations

    return Declarations(
        tuple(release for release in listing.releases if declaring.covers(release.file)),
        tuple(problem for problem in listing.problems if declaring.covers(problem.file)),
    )


def as_json(listing: Listing) -> dict[str, Any]:
    """The listing as JSON values."""
    declared = listing.declared
    return {
        "releases": [_row(release) for release in declared.releases if not release.is_absent],
        "configured": [_configured_row(release) for release in listing.configured],
        "problems": [
            {
                "file": problem.file,
                "line": problem.line,
                "message": problem.message,
                "remedy": problem.remedy,
            }
            for problem in declared.problems
        ],
    }


def _row(release: Declared) -> dict[str, Any]:
    chart = release.chart
    return {
        "name": release.name,
        "namespace": release.namespace,
        "source": {
            "tool": release.tool,
            "file": release.file,
            "line": release.line,
            "cluster": release.cluster,
            "environment": release.environment,
        },
        "chart": {
            "kind": chart.kind,
            "name": chart.name,
            "url": chart.url,
            "version": chart.version,
            "digest": chart.digest,
        },
        "values": [_layer(layer.label or layer.path, layer.file) for layer in release.layers],
        "suspended": str(release.settings.get("suspended") or ""),
        "unresolved": list(release.unresolved),
        "notes": list(release.notes),
    }


def _configured_row(release: Release) -> dict[str, Any]:
    return {
        "name": release.name,
        "namespace": release.namespace,
        "environment": release.environment,
        "chart": {"name": shown_path(release.chart), "version": release.version},
        "values": [shown_path(file) for file in release.values],
    }


def _layer(label: str, file: str) -> dict[str, str]:
    return {"label": label, "file": file}


def as_text(listing: Listing) -> str:
    """The listing for a person: one line a release, what is not known of it below, safe to
    show."""
    present = [release for release in listing.declared.releases if not release.is_absent]
    lines = [line for release in present for line in _lines(release)]
    lines += [f"not resolved  {problem}" for problem in listing.declared.problems]
    lines += [_configured_line(release, listing) for release in listing.configured]
    lines += _totals(present, listing.configured)
    return "".join(f"{on_one_line(line)}\n" for line in lines)


def _totals(declared: Sequence[Declared], configured: Sequence[Release]) -> Iterator[str]:
    if configured:
        yield f"{plural(len(configured), 'release')} configured"
    if declared or not configured:
        whole = sum(not release.unresolved for release in declared)
        yield f"{plural(len(declared), 'release')} declared, {whole} of them resolved wholly"


def _configured_line(release: Release, listing: Listing) -> str:
    chart = " ".join(filter(None, (shown_path(release.chart), release.version)))
    name = _named(release.namespace, release.name, release.environment)
    file = shown_path(listing.configuration)
    return f"{'policylint':<10} {name}  {chart}  ({_layers(release.values)})  {file}"


def _named(namespace: str, name: str, where: str) -> str:
    if where:
        return f"{namespace}/{name} in {where}"
    return f"{namespace}/{name}"


def _layers(values: Sequence[object]) -> str:
    if values:
        return f"{len(values)} of values"
    return "no values"


def _lines(release: Declared) -> Iterator[str]:
    place = f"{release.file}:{release.line}"
    where = release.cluster or release.environment
    name = _named(release.namespace, release.name, where)
    chart = " ".join(filter(None, (release.chart.shown, release.chart.version)))
    yield f"{release.tool:<10} {name}  {chart}  ({_layers(release.layers)})  {place}"
    if release.is_suspended:
        yield f"{'':<10} suspended by {release.settings['suspended']}"
    for words in release.unresolved:
        yield f"{'':<10} not known: {words}"
