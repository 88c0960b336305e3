"""Files that a glob of a declaration names."""

from __future__ import annotations

import fnmatch

from policylint.scan.gitops.tree import Tree


def expanded(tree: Tree, path: str) -> list[str]:
    """The file, or those that a glob names, in order."""
    if not any(mark in path for mark in "*?["):
        if tree.is_file(path):
            return [path]
        return []
    matching = (name for name in tree.names if fnmatch.fnmatchcase(name, path))
    return [name for name in matching if "**" in path or name.count("/") == path.count("/")]
