"""Kustomizations as files: where they stand, what they name, and what Flux makes of them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from msgspec import Struct

from policylint.model import Json
from policylint.scan.gitops.tree import Tree, normal, sequence, string

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names kustomize looks for, in its order."""
MOST_DEPTH = 40


class BuildError(Exception):
    """Why a kustomization could not be built."""


class RemoteError(BuildError):
    """A base that would have to be fetched."""


class UnsupportedError(BuildError):
    """A feature that only kustomize itself understands."""


class Overlay(Struct, frozen=True):
    """What a Flux Kustomization adds to the kustomization of its path."""

    namespace: str = ""
    patches: tuple[dict[str, Json], ...] = ()
    components: tuple[str, ...] = ()
    ignore_missing_components: bool = False
    name_prefix: str = ""
    name_suffix: str = ""
    fields: Mapping[str, Json] = {}
    """Further fields, taken as they are: images, patchesStrategicMerge, patchesJson6902."""


def kustomization_file(tree: Tree, folder: str) -> str:
    """The kustomization of a directory, "" where it has none."""
    paths = (posixpath.join(folder, name) for name in FILES)
    return next((path for path in map(normal, paths) if tree.is_file(path)), "")


def kustomization_of(tree: Tree, folder: str) -> dict[str, Json]:
    """The kustomization of a directory; raises BuildError where it has none or it cannot be
    read."""
    file = kustomization_file(tree, folder)
    if not file:
        raise BuildError(f"no kustomization.yaml in {folder}")
    documents = tree.documents(file)
    if documents.error:
        raise BuildError(documents.error)
    if documents.items:
        return documents.items[0].body
    return {}


def generated(tree: Tree, folder: str) -> dict[str, Json]:
    """The kustomization that Flux generates for a directory without one: all its YAML files, and
    directories with a kustomization of their own as such (fluxcd/pkg/kustomize,
    kustomize_generator.go)."""
    resources: list[Json] = []
    inner: list[str] = []
    for name in tree.below(folder):
        within = posixpath.relpath(name, normal(folder))
        if any(within.startswith(f"{done}/") for done in inner):
            continue
        parent = _kustomized_parent(tree, normal(folder), within)
        if parent:
            inner.append(parent)
            resources.append(f"./{parent}")
        elif name.endswith((".yaml", ".yml")):
            resources.append(f"./{within}")
    return {"resources": resources}


def _kustomized_parent(tree: Tree, folder: str, within: str) -> str:
    """The topmost directory on the way to a file that has a kustomization."""
    parts = within.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        parent = "/".join(parts[:depth])
        if kustomization_file(tree, posixpath.join(folder, parent)):
            return parent
    return ""


def files_of(tree: Tree, folder: str, depth: int = 0) -> Iterator[str]:
    """The resource files that a build of a directory reads, as far as they can be told."""
    if depth > MOST_DEPTH or not tree.is_dir(folder):
        return
    try:
        own = kustomization_file(tree, folder)
        if own:
            whole = kustomization_of(tree, folder)
        else:
            whole = generated(tree, folder)
    except BuildError:
        return
    if own:
        yield own
    for field in ("resources", "bases", "components"):
        for entry in sequence(whole, field):
            path = normal(posixpath.join(folder, str(entry)))
            if tree.is_dir(path):
                yield from files_of(tree, path, depth + 1)
            else:
                yield path


def patch_files(tree: Tree) -> set[str]:
    """The files that kustomizations of a tree patch with: what they hold is no object."""
    files: set[str] = set()
    for name in tree.names:
        folder, _, base = name.rpartition("/")
        for item in tree.documents(name).items if base in FILES else ():
            paths = [string(entry, "path") for entry in sequence(item.body, "patches")]
            paths += [string(entry, "path") for entry in sequence(item.body, "patchesJson6902")]
            paths += [str(entry) for entry in sequence(item.body, "patchesStrategicMerge")]
            files.update(normal(posixpath.join(folder, path)) for path in paths if path)
    return files


def is_remote(entry: str) -> bool:
    """Whether kustomize would fetch a resource."""
    return "://" in entry or entry.startswith(("git@", "github.com/")) or "?ref=" in entry


def local(tree: Tree, folder: str, entry: str) -> str:
    """The path of a resource, from the repository's top; raises BuildError where it is not
    there."""
    path = normal(posixpath.join(folder, entry))
    if tree.is_dir(path) or tree.is_file(path):
        return path
    if is_remote(entry):
        raise RemoteError(f"a remote base is not fetched: {entry}")
    raise BuildError(f"{path} is not in the repository")


def _components(tree: Tree, folder: str, overlay: Overlay) -> list[str]:
    if not overlay.ignore_missing_components:
        return list(overlay.components)
    return [path for path in overlay.components if tree.is_dir(posixpath.join(folder, path))]


def overlaid(tree: Tree, folder: str, base: dict[str, Json], overlay: Overlay) -> dict[str, Json]:
    """The kustomization as Flux's generator rewrites it."""
    whole = dict(base)
    if overlay.namespace:
        whole["namespace"] = overlay.namespace
    if overlay.patches:
        whole["patches"] = [*sequence(base, "patches"), *overlay.patches]
    components = _components(tree, folder, overlay)
    if components:
        whole["components"] = [*sequence(base, "components"), *components]
    named = {"namePrefix": overlay.name_prefix, "nameSuffix": overlay.name_suffix}
    whole |= {key: entry for key, entry in named.items() if entry}
    for key, entries in overlay.fields.items():
        if entries:
            whole[key] = [*sequence(base, key), *sequence({key: entries}, key)]
    return whole
