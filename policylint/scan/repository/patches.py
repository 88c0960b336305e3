"""What Kustomizations of the repository patch into every HelmRelease below them.

Flux builds a Kustomization's directory and then applies its patches, so that a setting of a patch
is in force though no HelmRelease has it. Which files a Kustomization builds is told by its path
alone: a release below it is patched. Source: kustomize-controller's spec.patches, kustomize's
`patches`, `patchesStrategicMerge` and `patchesJson6902`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from policylint.scan.declarations import flux
from policylint.scan.invocations.model import UNKNOWN, Flag, Invocation
from policylint.scan.invocations.settings import Setting
from policylint.scan.texts.source import Place, Source
from policylint.scan.texts.yaml import Tree, documents

_LISTS = ("patches", "patchesStrategicMerge", "patchesJson6902")
_NOT_PATCHED = ("version", "namespace")
_DEEPEST = 3
"""Patches of Kustomizations that patch HelmReleases, and no deeper."""


class Patch(Struct, frozen=True):
    """One patch of HelmReleases: `below` is the directory whose releases it changes.

    `tree` is what it merges into them, None for operations (JSON 6902), which may set anything.
    `certain` says that it is for each of them, by whatever name and label.
    """

    below: str
    file: str
    tree: Tree | None
    certain: bool


def patches(source: Source) -> Iterator[Patch]:
    """The patches of HelmReleases that the Kustomizations of one file hold."""
    text = source.text
    if "HelmRelease" not in text or "atch" not in text or "ustomization" not in text:
        return
    for root in documents(text, source.file):
        if isinstance(root, Tree) and root.string("kind") in ("Kustomization", "Component", None):
            yield from _of(root, source, _reach(root, source), certain=True, depth=_DEEPEST)


def patched(invocation: Invocation, known: Iterable[Patch]) -> Invocation:
    """The HelmRelease as the patches leave it."""
    for patch in known:
        if _concerns(patch, invocation):
            invocation = _with(invocation, patch)
    return invocation


def _reach(root: Tree, source: Source) -> str:
    """The directory that a Kustomization builds: Flux's own `spec.path`, of the repository's top,
    or its own."""
    path = root.string("spec", "path")
    if path is not None:
        return posixpath.normpath(path.lstrip("/") or ".")
    return posixpath.dirname(source.file) or "."


def _of(root: Tree, source: Source, below: str, *, certain: bool, depth: int) -> Iterator[Patch]:
    """The patches of one Kustomization, and those that it patches into others."""
    if root.get("spec") is not None:
        holder = root.get("spec")
    else:
        holder = root
    for name in _LISTS:
        listed = holder.get(name) if holder else None
        for item in listed.items() if listed and depth else ():
            yield from _item(item, source, below, certain=certain, depth=depth)


def _item(item: Tree, source: Source, below: str, *, certain: bool, depth: int) -> Iterator[Patch]:
    target = item.get("target")
    certain = certain and not _chooses(target)
    for tree in _bodies(item, source):
        kind = _kind(tree, target)
        if kind == "Kustomization":
            yield from _of(tree, source, below, certain=certain, depth=depth - 1)
        elif kind == "HelmRelease":
            for_all = target is not None or tree.string("metadata", "name") == "_"
            merged = tree if tree.mapping else None
            yield Patch(below, source.file, merged, certain and for_all)


def _kind(tree: Tree, target: Tree | None) -> str:
    """The kind of what a patch changes."""
    return (target.string("kind") if target else None) or tree.string("kind") or ""


def _chooses(target: Tree | None) -> bool:
    """Whether a target picks some of its kind only."""
    keys = ("name", "namespace", "labelSelector", "annotationSelector")
    if target:
        texts = [target.string(key) for key in keys]
    else:
        texts = []
    return any(text not in (None, "", ".*") for text in texts)


def _bodies(item: Tree, source: Source) -> Iterator[Tree]:
    """The objects or operations of a patch: written in place, or in a file beside."""
    inline = item if item.scalar else item.get("patch")
    written = (inline.text if inline else None) or ""
    if inline is not None and "\n" in written:
        yield from _roots(written, source.file, inline.place.line)
        return
    name = written or item.string("path")
    yield from _roots((source.near(name) if name else None) or "", source.file, 0)


def _roots(text: str, file: str, line: int) -> Iterator[Tree]:
    for root in documents(text, file, line) if text else ():
        if isinstance(root, Tree):
            yield root


def _concerns(patch: Patch, invocation: Invocation) -> bool:
    if invocation.tool != "flux":
        return False
    return patch.below == "." or invocation.file.startswith(f"{patch.below}/")


def _with(invocation: Invocation, patch: Patch) -> Invocation:
    if patch.tree is None:
        return replace(invocation, dynamic=True)
    flags = dict(_flags(patch, patch.tree))
    if not patch.certain:
        flags = dict.fromkeys(flags, UNKNOWN)
    overlays = (*invocation.overlays, patch.tree)
    return replace(invocation, flags={**invocation.flags, **flags}, overlays=overlays)


def _flags(patch: Patch, tree: Tree) -> Iterator[tuple[str, Flag]]:
    """The flags that a patch sets, at their places in the file that holds it."""
    for name, setting in _settings(tree).items():
        place = Place(setting.place.line, setting.place.column, file=patch.file)
        yield name, Flag(setting.state, setting.value, place, setting.written)


def _settings(tree: Tree) -> Mapping[str, Setting]:
    """What a patch sets, as if it were a release of its own; one without an apiVersion is read
    too."""
    settings = flux.release_settings(tree)
    return {name: setting for name, setting in settings.items() if name not in _NOT_PATCHED}
