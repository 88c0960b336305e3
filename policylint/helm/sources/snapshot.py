"""A chart and its values as they stood at a revision."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import SourceError
from policylint.helm.inputs.sides import ChartSide, EmptySide, ValuesInput
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.checkout import Checkout
from policylint.helm.sources.dependencies import add_dependencies
from policylint.helm.sources.git import Repository


class Revision(Struct, frozen=True):
    """A commit to read from: its name as shown ("git:main", "merge base with origin/main"), "" for
    the index."""

    commit: str
    label: str


def at_revision(
    side: ChartSide,
    repository: Repository,
    revision: Revision,
    workspace: Workspace,
    helm: str = "",
) -> ChartSide | EmptySide:
    """`side` as it stood at `revision`; an EmptySide where the chart was not there yet.

    A chart that is no path (OCI, a repository) stays what it is, its values files are those of the
    revision. Raises SourceError for what git cannot give and for dependencies that cannot be had.
    """
    checkout = checkout_of(repository, revision, workspace)
    chart, notes, moved = side.chart, [], ("", "")
    inside = repository.path_of(side.chart)
    checkout.add(
        *filter(None, (inside, *(_inside(repository, file) for file in side.values.files)))
    )
    if Path(side.chart).exists() or (inside and checkout.has(inside)):
        path = path_inside(repository, side.chart)
        old = _chart_path(checkout, path)
        if not old:
            return EmptySide(
                label=revision.label, notes=(f"{path} is new: {revision.label} does not have it",)
            )
        if old != path:
            notes.append(f"{path} was {old} at {revision.label}")
        checkout.add(old)
        moved = (path, old)
        chart = str(checkout.root / old)
        now = Path(side.chart)
        notes += workspace.once(
            ("dependencies", checkout.root, old, now),
            lambda: add_dependencies(checkout, old, now, helm, sources=workspace.sources),
        )
    values, more = _values(side, checkout, revision, moved)
    return replace(
        side,
        chart=chart,
        values=values,
        label=revision.label,
        root=str(checkout.root),
        notes=(*side.notes, *notes, *more),
    )


def checkout_of(repository: Repository, revision: Revision, workspace: Workspace) -> Checkout:
    """The copy of a revision that every release of the run takes its files from."""
    return workspace.once(
        ("checkout", repository.top, revision.commit),
        lambda: Checkout(repository, revision.commit, workspace.directory()),
    )


def path_inside(repository: Repository, path: str) -> str:
    """A path of the user's from the repository's top; raises SourceError where it lies outside."""
    inside = repository.path_of(path)
    if not inside:
        raise SourceError(
            f"{path} is not in the git repository {repository.top}",
            remedy="name the side to compare with: --before SIDE",
        )
    return inside


def _chart_path(checkout: Checkout, path: str) -> str:
    """Where the chart of `path` was at the revision: there, or where a chart of its name has gone
    from since."""
    is_archive = path.endswith((".tgz", ".tar.gz"))
    if checkout.has(f"{path}/Chart.yaml") or (is_archive and checkout.has(path)):
        return path
    directory = checkout.repository.top / path
    if directory.is_dir():
        name = _name((directory / "Chart.yaml").read_bytes())
    else:
        name = ""
    gone = _gone_charts(checkout, name) if name else []
    if len(gone) > 1:
        raise SourceError(
            f"{path} is new, and several charts called {name} are gone: {', '.join(gone)}",
            remedy="say which of them it was: --before SIDE",
        )
    if gone:
        return gone[0].rpartition("/")[0]
    return ""


def _gone_charts(checkout: Checkout, name: str) -> list[str]:
    """The Chart.yaml files of the revision that name the chart so and are in the work tree no
    more."""
    repository = checkout.repository
    gone = [
        blob
        for blob in repository.files(checkout.commit, ["."])
        if blob.path.rpartition("/")[2] == "Chart.yaml"
        and not (repository.top / blob.path).exists()
    ]
    return [blob.path for blob, content in repository.contents(gone) if _name(content) == name]


def _name(chart_yaml: bytes) -> str:
    match = re.search(rb"^name:[ \t]*[\"']?([^\s\"'#]+)", chart_yaml, re.M)
    if match:
        return match[1].decode("utf-8", "replace")
    return ""


def _values(
    side: ChartSide, checkout: Checkout, revision: Revision, moved: tuple[str, str]
) -> tuple[ValuesInput, list[str]]:
    """The values files as they stood; those below the chart went with it where it moved from one
    path to another."""
    notes: list[str] = []

    def stood(file: str, *, needed: bool) -> str:
        return _file(file, checkout, revision, notes, moved=moved, needed=needed)

    copies = {path for path, _ in side.copies}
    files = [file if file in copies else stood(file, needed=False) for file in side.values.files]
    kept = side.values.with_set_files(
        lambda file: file if file in copies else stood(file, needed=True)
    )
    return replace(kept, files=tuple(file for file in files if file)), notes


def _file(
    file: str,
    checkout: Checkout,
    revision: Revision,
    notes: list[str],
    *,
    moved: tuple[str, str],
    needed: bool,
) -> str:
    """The file as it stood; itself where git does not keep it; "" where it is new and can be left
    out."""
    inside = _inside(checkout.repository, file)
    path, old = moved
    if old and inside.startswith(f"{path}/"):
        earlier = f"{old}/{inside.removeprefix(f'{path}/')}"
    else:
        earlier = inside
    for wanted in filter(None, dict.fromkeys((inside, earlier))):
        if checkout.add(wanted):
            return str(checkout.root / wanted)
    if inside and not needed and Path(file).exists() and not checkout.repository.is_ignored(inside):
        notes.append(f"{file} is new: {revision.label} does not have it")
        return ""
    notes.append(f"{file} is not kept in this repository: both sides use it as it is now")
    return file


def _inside(repository: Repository, file: str) -> str:
    if file == "-" or "://" in file:
        return ""
    return repository.path_of(file)
