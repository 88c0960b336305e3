"""Kustomize builds: exactly by hand where a kustomization uses plain features only, else by the
user's own kustomize.

What is done by hand is held against kustomize v5.8.1 by the tests. Only kinds that matter to
releases are kept: they are all namespaced, and none of them is the target of kustomize's name
references.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from policylint.model import Json
from policylint.scan.gitops.kustomize.binary import Builder, Scratch, with_origin
from policylint.scan.gitops.kustomize.files import (
    MOST_DEPTH,
    BuildError,
    Overlay,
    RemoteError,
    UnsupportedError,
    generated,
    kustomization_file,
    kustomization_of,
    local,
    overlaid,
)
from policylint.scan.gitops.kustomize.patches import (
    PatchError,
    applied,
    bodies_of,
    merged,
    operations_of,
    same_object,
    selects,
)
from policylint.scan.gitops.tree import (
    Item,
    Tree,
    mapping,
    normal,
    parsed,
    sequence,
    string,
)

_PLAIN = frozenset(
    {
        "apiVersion",
        "kind",
        "metadata",
        "resources",
        "bases",
        "components",
        "namespace",
        "patches",
        "patchesStrategicMerge",
        "patchesJson6902",
        "buildMetadata",
        "sortOptions",
        "configMapGenerator",
        "secretGenerator",
        "generatorOptions",
        "labels",
        "commonLabels",
        "commonAnnotations",
    }
)
"""The fields that are understood here."""
_CLUSTER_SCOPED = frozenset({"Namespace", "CustomResourceDefinition", "ClusterRole"})


class Build:
    """Builds directories of one tree; `visited` are the files that the last builds read."""

    def __init__(self, tree: Tree, builder: Builder | None = None) -> None:
        self._tree = tree
        self._builder = builder
        self._scratch: Scratch | None = None
        self._left_out: list[str] = []

    def flux(self, folder: str, overlay: Overlay) -> list[Item]:
        """What kustomize-controller builds for a path; raises BuildError."""
        if not self._tree.is_dir(folder):
            raise BuildError(f"the path {folder} is not in the repository")
        has_own = kustomization_file(self._tree, folder)
        if has_own:
            base = kustomization_of(self._tree, folder)
        else:
            base = generated(self._tree, folder)
        whole = overlaid(self._tree, folder, base, overlay)
        try:
            return self._by_hand(folder, whole, 0)
        except UnsupportedError as error:
            return self._by_binary(folder, whole, error)

    def folder(self, folder: str) -> list[Item]:
        """What `kustomize build` makes of a directory; raises BuildError."""
        whole = kustomization_of(self._tree, folder)
        try:
            return self._by_hand(folder, whole, 0)
        except UnsupportedError as error:
            return self._by_binary(folder, whole, error)

    def take_left_out(self) -> list[str]:
        """What the builds since the last call left out: remote bases, which are not fetched."""
        words, self._left_out = self._left_out, []
        return words

    def _by_binary(self, folder: str, whole: dict[str, Json], why: UnsupportedError) -> list[Item]:
        if self._builder is None:
            raise BuildError(f"{why}: install kustomize, which alone understands it")
        self._scratch = self._scratch or Scratch(self._tree)
        self._scratch.left_out = []
        text = self._scratch.build(folder, whole, self._builder)
        bases = dict.fromkeys(self._scratch.left_out)
        self._left_out += [f"a remote base is not fetched: {base}" for base in bases]
        documents = parsed(text, folder)
        if documents.error:
            raise BuildError(documents.error)
        return [with_origin(item, self._tree) for item in documents.items]

    def _by_hand(self, folder: str, whole: dict[str, Json], depth: int) -> list[Item]:
        _check_plain(whole, depth)
        items: list[Item] = []
        for entry in (*sequence(whole, "resources"), *sequence(whole, "bases")):
            items += self._resource(folder, str(entry), depth)
        items += _from_generators(self._tree, folder, whole)
        for entry in sequence(whole, "components"):
            items = self._component(folder, str(entry), items, depth)
        return _transformed(self._tree, folder, whole, items)

    def _resource(self, folder: str, entry: str, depth: int) -> list[Item]:
        try:
            path = local(self._tree, folder, entry)
        except RemoteError as error:
            self._left_out.append(str(error))
            return []
        if self._tree.is_dir(path):
            return self._by_hand(path, kustomization_of(self._tree, path), depth + 1)
        documents = self._tree.documents(path)
        if documents.error:
            raise BuildError(documents.error)
        return list(documents.items)

    def _component(self, folder: str, entry: str, items: list[Item], depth: int) -> list[Item]:
        """A component transforms what its parent has gathered so far."""
        path = local(self._tree, folder, entry)
        whole = kustomization_of(self._tree, path)
        _check_plain(whole, depth + 1)
        gathered = list(items)
        for resource in sequence(whole, "resources"):
            gathered += self._resource(path, str(resource), depth + 1)
        gathered += _from_generators(self._tree, path, whole)
        for inner in sequence(whole, "components"):
            gathered = self._component(path, str(inner), gathered, depth + 1)
        return _transformed(self._tree, path, whole, gathered)


def _check_plain(whole: Mapping[str, Json], depth: int) -> None:
    if depth > MOST_DEPTH:
        raise BuildError("kustomizations nested too deeply")
    for key, entry in whole.items():
        if key not in _PLAIN and entry not in (None, [], {}, ""):
            raise UnsupportedError(f"the kustomization uses {key}")


def _from_generators(tree: Tree, folder: str, whole: dict[str, Json]) -> list[Item]:
    """ConfigMaps and Secrets that keep their name; a name with a hash needs kustomize itself."""
    items = []
    for field, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        for entry in sequence(whole, field):
            options = {
                **mapping(whole, "generatorOptions"),
                **mapping(entry, "options"),
            }
            if not options.get("disableNameSuffixHash") or string(entry, "behavior") not in (
                "",
                "create",
            ):
                raise UnsupportedError(f"the kustomization uses a {field} with hashed names")
            items.append(_generated_object(tree, folder, kind, entry, options))
    return items


def _generated_object(
    tree: Tree, folder: str, kind: str, entry: Json, options: dict[str, Json]
) -> Item:
    if sequence(entry, "envs") or string(entry, "env"):
        raise UnsupportedError("a generator reads an env file")
    data: dict[str, Json] = {}
    for literal in sequence(entry, "literals"):
        key, _, text = str(literal).partition("=")
        data[key] = text.strip("'\"") if text[:1] == text[-1:] else text
    data |= dict(_from_file(tree, folder, str(file)) for file in sequence(entry, "files"))
    metadata: dict[str, Json] = {
        "name": string(entry, "name"),
        "namespace": string(entry, "namespace"),
        "labels": mapping(options, "labels"),
        "annotations": mapping(options, "annotations"),
    }
    field = "data" if kind == "ConfigMap" else "stringData"
    body: dict[str, Json] = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {key: text for key, text in metadata.items() if text},
        field: data,
    }
    return Item(body, kustomization_file(tree, folder) or folder)


def _from_file(tree: Tree, folder: str, written: str) -> tuple[str, str]:
    """(key, text) of `[KEY=]PATH`."""
    key, equals, path = written.partition("=")
    name = path if equals else key
    text = tree.text(posixpath.join(folder, name))
    if text is None:
        raise BuildError(f"{normal(posixpath.join(folder, name))} is not in the repository")
    return (key if equals else posixpath.basename(name)), text


def _transformed(tree: Tree, folder: str, whole: dict[str, Json], items: list[Item]) -> list[Item]:
    """Patches and the namespace, in kustomize's order."""
    for patch in _patches(tree, folder, whole):
        items = _patched(items, patch)
    namespace = string(whole, "namespace")
    if namespace:
        items = [_moved(item, namespace) for item in items]
    if whole.get("labels") or whole.get("commonLabels") or whole.get("commonAnnotations"):
        items = [_labelled(item, whole) for item in items]
    for patch in _late_patches(tree, folder, whole):
        items = _patched(items, patch)
    return items


def _patches(tree: Tree, folder: str, whole: dict[str, Json]) -> Iterator[dict[str, Json]]:
    for entry in sequence(whole, "patchesStrategicMerge"):
        inline = str(entry)
        if "\n" in inline:
            text = inline
        else:
            text = _text(tree, folder, inline)
        yield {"patch": text}
    for entry in sequence(whole, "patches"):
        yield _patch(tree, folder, entry)


def _late_patches(tree: Tree, folder: str, whole: dict[str, Json]) -> Iterator[dict[str, Json]]:
    for entry in sequence(whole, "patchesJson6902"):
        yield _patch(tree, folder, entry)


def _patch(tree: Tree, folder: str, entry: Json) -> dict[str, Json]:
    if not isinstance(entry, dict):
        raise BuildError("a patch that is no mapping")
    path = string(entry, "path")
    if path:
        return {**entry, "patch": _text(tree, folder, path)}
    return entry


def _text(tree: Tree, folder: str, path: str) -> str:
    text = tree.text(posixpath.join(folder, path))
    if text is None:
        raise BuildError(f"the patch {normal(posixpath.join(folder, path))} is not there")
    return text


def _patched(items: list[Item], patch: dict[str, Json]) -> list[Item]:
    text, target = string(patch, "patch"), mapping(patch, "target")
    target = {key: wanted for key, wanted in target.items() if wanted}
    operations = operations_of(text)
    try:
        if operations is not None:
            return [
                replace(item, body=applied(item.body, operations), text="")
                if selects(target, item)
                else item
                for item in items
            ]
        result: list[Item] = list(items)
        for body in bodies_of(text):
            result = [made for item in result for made in _merged_into(item, body, target)]
    except PatchError as error:
        raise BuildError(str(error)) from None
    return result


def _merged_into(item: Item, patch: dict[str, Json], target: Mapping[str, Json]) -> list[Item]:
    """The object with the patch where it is meant, none where the patch deletes it."""
    if target:
        meant = selects(target, item)
    else:
        meant = same_object(patch, item)
    if not meant:
        return [item]
    if patch.get("$patch") == "delete":
        return []
    body = merged(item.body, {**patch, "apiVersion": item.api, "kind": item.kind})
    if not isinstance(body, dict):
        return [item]
    metadata = {**mapping(body, "metadata"), "name": item.name}
    if item.namespace:
        metadata["namespace"] = item.namespace
    return [replace(item, body={**body, "metadata": metadata}, text=item.text)]


def _moved(item: Item, namespace: str) -> Item:
    if item.kind in _CLUSTER_SCOPED:
        return item
    metadata = {**mapping(item.body, "metadata"), "namespace": namespace}
    return replace(item, body={**item.body, "metadata": metadata})


def _labelled(item: Item, whole: dict[str, Json]) -> Item:
    metadata = dict(mapping(item.body, "metadata"))
    labels = dict(mapping(whole, "commonLabels"))
    for entry in sequence(whole, "labels"):
        labels |= mapping(entry, "pairs")
    annotations = mapping(whole, "commonAnnotations")
    for field, more in (("labels", labels), ("annotations", annotations)):
        if more:
            metadata[field] = {**mapping(metadata, field), **more}
    return replace(item, body={**item.body, "metadata": metadata})
