"""Flux: paths within an artifact that an ArtifactGenerator makes of the repository.

Source: the ArtifactGenerator reference of fluxcd/source-watcher: `copy` from `@ALIAS/DIR/**` to
`@artifact/DIR/` keeps the structure below.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from policylint.scan.gitops.tree import Item, normal, sequence, string


def artifact_path(objects: Iterable[Item], name: str, path: str) -> str:
    """The repository's path of a path in the artifact called `name`; `path` itself where no
    generator makes it."""
    best, result = -1, path
    for start, target in _copies(objects, name):
        within = target == "." or path == target or path.startswith(f"{target}/")
        if within and len(target) > best:
            if target == ".":
                rest = path
            else:
                rest = posixpath.relpath(path, target)
            best, result = len(target), normal(posixpath.join(start, rest))
    return result


def _copies(objects: Iterable[Item], name: str) -> Iterator[tuple[str, str]]:
    """(directory of the repository, directory of the artifact) of each rule that copies trees."""
    artifacts = (
        artifact
        for item in objects
        if item.kind == "ArtifactGenerator"
        for artifact in sequence(item.body, "spec", "artifacts")
        if string(artifact, "name") == name
    )
    for artifact in artifacts:
        for rule in sequence(artifact, "copy"):
            start, target = string(rule, "from"), string(rule, "to")
            if start.endswith("/**") and target.startswith("@artifact/"):
                inside = start.removesuffix("/**").partition("/")[2]
                yield normal(inside), normal(target.removeprefix("@artifact/"))
