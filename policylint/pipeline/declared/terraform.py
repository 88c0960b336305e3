"""`policylint check plan.json`: the helm releases of a Terraform plan, as they are and will be."""

from __future__ import annotations

import json
import os
from pathlib import Path

from msgspec.structs import replace

from policylint.config import Config
from policylint.errors import ReadError, SourceError, UsageError
from policylint.helm.inputs.files import read_text
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.git import Repository, find_repository
from policylint.helm.sources.snapshot import Revision
from policylint.model import Json
from policylint.pipeline.declared.change import Change, base_of
from policylint.pipeline.trees import tree_at, work_tree
from policylint.scan.gitops.model import Declarations, Declared
from policylint.scan.gitops.terraform.plan import is_plan, plan
from policylint.scan.gitops.tree import Tree

_START = '{"format_version":'
_REMEDY = "terraform show -json PLAN > plan.json"


def plan_of(options: Options) -> dict[str, Json] | None:
    """The plan that is named with `--plan`, or as the side to check; None where neither is one.

    Raises UsageError for a `--plan` that is none.
    """
    named = options.plan or options.after
    if not options.plan and not _looks_like(named):
        return None
    try:
        document = json.loads(read_text(Path(named)))
    except (ValueError, RecursionError) as error:
        raise ReadError("not JSON", file=named, remedy=_REMEDY) from error
    if is_plan(document):
        return document  # type: ignore[no-any-return]
    raise UsageError("this is no plan of Terraform as JSON", file=named, remedy=_REMEDY)


def _looks_like(named: str) -> bool:
    """Whether a file begins as `terraform show -json` begins it."""
    path = Path(named)
    if not named.endswith(".json") or not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(200).decode("utf-8", "replace")
    return "".join(start.split()).startswith(_START)


def planned_change(
    document: dict[str, Json], options: Options, config: Config, workspace: Workspace
) -> Change:
    """Both sides of a plan. Charts of this repository are those of its base and of now, named from
    the plan's directory.

    Raises SourceError where there are such charts and no base.
    """
    file = options.plan or options.after
    releases = plan(document, file)
    before, after = releases.before, releases.after
    folder = Path(file).resolve().parent
    if not any(release.chart.kind == "path" for release in (*before.releases, *after.releases)):
        nowhere = Tree(folder, ())
        revision = Revision("", "the state that the plan starts from")
        return Change(None, revision, (nowhere, nowhere), (before, after), frozenset())
    repository = find_repository(folder)
    if repository is None:
        raise SourceError(
            "a chart of the plan is a directory, and what it held before is not known",
            file=file,
            remedy="keep the plan beside the configuration, in its git repository",
        )
    revision = base_of(repository, options, config)
    trees = (tree_at(repository, revision.commit, workspace), work_tree(repository))
    sides = (_within(before, repository, folder), _within(after, repository, folder))
    return Change(repository, revision, trees, sides, frozenset())


def _within(side: Declarations, repository: Repository, folder: Path) -> Declarations:
    """The releases with charts by their paths from the top of the repository."""
    return replace(
        side, releases=tuple(_placed(release, repository, folder) for release in side.releases)
    )


def _placed(release: Declared, repository: Repository, folder: Path) -> Declared:
    if release.chart.kind != "path":
        return release
    path = os.path.relpath(folder / release.chart.name, repository.top)
    return replace(release, chart=replace(release.chart, name=path.replace(os.sep, "/")))
