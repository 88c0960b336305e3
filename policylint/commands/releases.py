"""`policylint releases`: what the files of a repository declare, and what of it is not known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policylint.helm.inputs.declaring import Declaring
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace

if TYPE_CHECKING:
    from policylint.scan.gitops.model import Declarations, Declared


def declarations(path: str = "", options: Options | None = None) -> Declarations:
    """The releases that a directory's files declare; those of the whole repository where the
    directory is in one. `options` say which tools of the user may be run."""
    from policylint.helm.sources.git import find_repository
    from policylint.pipeline.declared.tools import tools_of
    from policylint.pipeline.settings import load_config
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
    asked = options or Options()
    config = load_config(asked)
    with Workspace() as workspace:
        listing = resolve(tree, tools_of(asked, config, workspace), remotes)
    return _covered(listing, config.declared)


def _covered(listing: Declarations, declaring: Declaring) -> Declarations:
    """Those that the configuration does not leave out."""
    from policylint.scan.gitops.model import Declarations

    return Declarations(
        tuple(release for release in listing.releases if declaring.covers(release.file)),
        tuple(problem for problem in listing.problems if declaring.covers(problem.file)),
    )


def as_json(listing: Declarations) -> dict[str, Any]:
    """The listing as JSON values."""
    return {
        "releases": [_row(release) for release in listing.releases if not release.is_absent],
        "problems": [
            {
                "file": problem.file,
                "line": problem.line,
                "message": problem.message,
                "remedy": problem.remedy,
            }
            for problem in listing.problems
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


def _layer(label: str, file: str) -> dict[str, str]:
    return {"label": label, "file": file}


def as_text(listing: Declarations) -> str:
    """The listing for a person: one line a release, what is not known of it below."""
    present = [release for release in listing.releases if not release.is_absent]
    lines = [line for release in present for line in _lines(release)]
    lines += [f"not resolved  {problem}" for problem in listing.problems]
    whole = sum(not release.unresolved for release in present)
    lines.append(f"{len(present)} releases declared, {whole} of them resolved wholly")
    return "\n".join(lines) + "\n"


def _lines(release: Declared) -> Iterator[str]:
    place = f"{release.file}:{release.line}"
    where = release.cluster or release.environment
    name = f"{release.namespace}/{release.name}"
    chart = " ".join(filter(None, (release.chart.shown, release.chart.version)))
    if release.layers:
        layers = f"{len(release.layers)} of values"
    else:
        layers = "no values"
    in_cluster = f" in {where}" if where else ""
    yield f"{release.tool:<10} {name}{in_cluster}  {chart}  ({layers})  {place}"
    if release.is_suspended:
        yield f"{'':<10} suspended by {release.settings['suspended']}"
    for words in release.unresolved:
        yield f"{'':<10} not known: {words}"
