"""Whether a change reaches what a declared release is made of, behind links too."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from policylint.helm.sources.git import Repository
from policylint.helm.sources.reach import behind_links


def links_of(repository: Repository, commit: str) -> tuple[str, ...]:
    """The symbolic links of a commit and of the index, by their paths."""
    blobs = (*repository.files(commit, ["."]), *repository.files("", ["."]))
    return tuple(sorted({blob.path for blob in blobs if blob.is_link}))


def is_reached(
    files: Iterable[str], paths: Iterable[str], roots: Iterable[Path], links: tuple[str, ...]
) -> bool:
    """Whether one of the changed files is one of the paths, lies below one, or is a link or a
    submodule on the way there: as each revision, which lies below its root, has its links."""
    tops = {os.path.normpath(path) for path in paths if path}
    if links:
        tops = set().union(*(_followed(root, tops, links) for root in roots))
    below = tuple(f"{top}/" for top in tops)
    return any(
        file in tops or file.startswith(below) or _is_on_the_way(file, tops) for file in files
    )


def _is_on_the_way(file: str, tops: Iterable[str]) -> bool:
    return any(top.startswith(f"{file}/") for top in tops)


def _followed(root: Path, paths: set[str], links: tuple[str, ...]) -> set[str]:
    """The paths, the links on the way to them and in them, and where these lead."""
    tops: set[str] = set()
    fresh = paths
    while fresh:
        tops |= fresh
        leads: set[str] = set()
        for path in fresh:
            passed, end = behind_links(root, path)
            leads.update((*passed, end, *_linked(root, end, links)))
        fresh = leads - tops - {""}
    return tops


def _linked(root: Path, path: str, links: tuple[str, ...]) -> Iterator[str]:
    """Where the link at a path leads, or those in the directory there."""
    for link in links if path else ():
        if f"{link}/".startswith(f"{path}/") and (root / link).is_symlink():
            yield os.path.normpath(Path(link).parent / (root / link).readlink())
