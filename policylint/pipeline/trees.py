"""The files of a repository as trees: those of the work tree, and those of a revision."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import Path

from policylint.helm.inputs.workspace import Workspace, disk_error
from policylint.helm.sources.git import Blob, Repository
from policylint.scan.gitops.tree import MOST_FILES, Tree

_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".ico", ".pdf", ".mp4", ".webp", ".woff", ".woff2")
"""What no declaration and no chart needs."""

_FEW = 500
"""Names that are given to git one by one."""


def work_tree(repository: Repository) -> Tree:
    """What git knows or would add."""
    names = {
        *repository.names("ls-files", "-z", "--full-name"),
        *repository.names("ls-files", "--others", "--exclude-standard", "-z"),
    }
    present = (name for name in sorted(names)[:MOST_FILES] if (repository.top / name).is_file())
    return Tree(repository.top, tuple(present))


def repository_urls(repository: Repository) -> frozenset[str]:
    """The URLs of the repository's remotes."""
    done = repository.run("config", "--get-regexp", r"^remote\..*\.url$")
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return frozenset(line.partition(" ")[2] for line in lines if " " in line)


def tree_at(repository: Repository, commit: str, workspace: Workspace) -> Tree:
    """A copy of a commit's files; submodules and what Git LFS keeps are as git stores them."""
    root = workspace.directory()
    blobs = [blob for blob in repository.files(commit, ["."]) if _is_wanted(blob)][:MOST_FILES]
    try:
        write(repository, blobs, root)
    except OSError as error:
        raise disk_error(error) from error
    return Tree(root, tuple(blob.path for blob in blobs if (root / blob.path).is_file()))


def _is_wanted(blob: Blob) -> bool:
    return not blob.is_module and not blob.path.lower().endswith(_PICTURES)


def copied(repository: Repository, commit: str, names: frozenset[str], root: Path) -> None:
    """Copy files of a commit, by their paths from the top; raises SourceError where no more can be
    written."""
    few = names if len(names) < _FEW else ["."]
    blobs = [blob for blob in repository.files(commit, few) if blob.path in names]
    try:
        write(repository, filter(_is_wanted, blobs), root)
    except OSError as error:
        raise disk_error(error) from error


def write(repository: Repository, blobs: Iterable[Blob], root: Path) -> None:
    """Write files of a revision below a directory, links within the repository as links."""
    for blob, content in repository.contents(blobs):
        file = root / blob.path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not blob.is_link:
            file.write_bytes(content)
            continue
        target = content.decode("utf-8", "surrogateescape")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(blob.path), target))
        if not target.startswith("/") and path.split("/")[0] != "..":
            file.symlink_to(target)
