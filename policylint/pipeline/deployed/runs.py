"""How the files of a repository run Helm: as they are now, and as they were at a revision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.git import Repository
from policylint.pipeline.trees import copied
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.walk import scan


def runs_now(root: Path, skip: Sequence[str]) -> tuple[Invocation, ...]:
    """Every way Helm is run below a directory; files are named from there."""
    return scan([root], root, skip=skip).invocations


def runs_at(
    repository: Repository,
    commit: str,
    root: Path,
    now: Sequence[Invocation],
    skip: Sequence[str],
    workspace: Workspace,
) -> tuple[Invocation, ...]:
    """The same at a commit: `now` of the files that did not change since, and those of the others
    as they were."""
    changed = repository.changed(commit)
    top = repository.path_of(root)
    below = "" if top == "." else f"{top}/"
    kept = [run for run in now if f"{below}{run.file}" not in changed]
    names = frozenset(name for name in changed if name.startswith(below))
    if names:
        copy = workspace.directory()
        copied(repository, commit, names, copy)
        kept += scan([copy / top], copy / top, skip=skip).invocations
    return tuple(kept)
