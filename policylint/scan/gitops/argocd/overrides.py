"""Argo CD: a source of an Application with the parameters that files beside its chart override.

Source: reposerver/repository/repository.go (mergeSourceParameters): .argocd-source.yaml, then
.argocd-source-APP.yaml of the path, each a JSON merge patch of the source that changes neither its
repository, path, chart nor revision.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from policylint.kyaml.merge import laid_over
from policylint.model import Json
from policylint.scan.gitops.tree import Item, Tree, normal, string

_KEPT = ("chart", "path", "repoURL", "targetRevision")


def overridden(tree: Tree, item: Item, source: dict[str, Json]) -> tuple[dict[str, Json], str]:
    """The source as it is rendered, and why that is not known, "" where it is."""
    if string(source, "chart") or "path" not in source:
        return source, ""
    merged = source
    for file in _files(item, string(source, "path")):
        documents = tree.documents(file)
        if documents.error:
            return source, f"{file} cannot be read: {documents.error}"
        for patch in documents.items:
            merged = without_null(laid_over(merged, patch.body))
    kept = {key: source[key] for key in _KEPT if key in source}
    return {**merged, **kept}, ""


def _files(item: Item, path: str) -> Iterator[str]:
    """The files that override, in Argo CD's order; an Application outside of Argo CD's own
    namespace is named with its own."""
    yield normal(posixpath.join(path, ".argocd-source.yaml"))
    for name in (item.name, f"{item.namespace}_{item.name}"):
        yield normal(posixpath.join(path, f".argocd-source-{name}.yaml"))


def without_null(body: dict[str, Json]) -> dict[str, Json]:
    """A mapping without the keys that a merge patch takes away."""
    return {
        key: without_null(entry) if isinstance(entry, dict) else entry
        for key, entry in body.items()
        if entry is not None
    }
