"""Flux: Kustomizations from the entry points on, as kustomize-controller builds them.

Sources: github.com/fluxcd/pkg/kustomize (kustomize_generator.go, kustomize_varsub.go) and the
Kustomization reference of fluxcd.io.
"""

from __future__ import annotations

import base64
import binascii
import functools
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.model import Json
from policylint.scan.gitops.clusters import cluster_names
from policylint.scan.gitops.flux import operator
from policylint.scan.gitops.flux.artifacts import artifact_path
from policylint.scan.gitops.flux.substitution import VALID_NAME, SubstitutionError, substitute
from policylint.scan.gitops.goyaml import as_yaml
from policylint.scan.gitops.kustomize.binary import Builder
from policylint.scan.gitops.kustomize.build import Build
from policylint.scan.gitops.kustomize.files import BuildError, Overlay, files_of, patch_files
from policylint.scan.gitops.model import Problem, placeholder
from policylint.scan.gitops.tree import (
    Item,
    Tree,
    mapping,
    normal,
    scalar_text,
    sequence,
    string,
    value,
)
from policylint.scan.gitops.urls import plain_url

KUSTOMIZE = "kustomize.toolkit.fluxcd.io"
HELM = "helm.toolkit.fluxcd.io"
SOURCE = "source.toolkit.fluxcd.io"
EXTENSIONS = "source.extensions.fluxcd.io"
OPERATOR = operator.GROUP
_DISABLED = f"{KUSTOMIZE}/substitute"
_PACKED = frozenset({"OCIRepository", "Bucket", "ExternalArtifact"})
"""Sources whose paths begin where a pipeline or a generator says, not at the repository's top."""
_BOOTSTRAP = ("GitRepository", "flux-system")
"""The source that `flux bootstrap` makes of the repository."""
_MOST = 5_000
"""Kustomizations of one repository."""


class Placed(Struct, frozen=True):
    """An object as the cluster will hold it, and what of it is not known.

    `suspended` names the Kustomization on the way that is suspended; `prunes` says whether the
    Kustomization that applies it deletes what it no longer finds; `owner` is that Kustomization, or
    the ResourceSet that makes the object.
    """

    item: Item
    unknown: Mapping[str, str] = {}
    suspended: str = ""
    prunes: bool = True
    owner: str = ""


class Cluster:
    """What Flux applies to one cluster, by (kind, namespace, name)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: dict[tuple[str, str, str], Placed] = {}

    def find(self, kind: str, namespace: str, name: str) -> Placed | None:
        """An object by its identity."""
        return self.objects.get((kind, namespace, name))

    def of_kind(self, kind: str, group: str) -> Iterator[Placed]:
        """The objects of a kind, in the order in which they were found."""
        return (
            placed
            for placed in self.objects.values()
            if placed.item.kind == kind and placed.item.group == group
        )

    def kustomizations(self) -> Iterator[Placed]:
        """Its Kustomizations."""
        return self.of_kind("Kustomization", KUSTOMIZE)


class Variables(Struct, frozen=True):
    """The variables of a Kustomization: known ones, and why others are not."""

    known: Mapping[str, str] = {}
    hidden: Mapping[str, str] = {}
    """Names whose values are encrypted, and where they are."""
    missing: tuple[str, ...] = ()
    """Objects that are not in the repository: any other variable may come from there."""


class Flux:
    """The clusters that a repository's Kustomizations describe."""

    def __init__(self, tree: Tree, builder: Builder | None = None) -> None:
        self.tree = tree
        self.problems: list[Problem] = []
        self.clusters: dict[str, Cluster] = {}
        self._build = Build(tree, builder)
        self._static = [
            item
            for name in tree.yaml_files()
            if _names_flux(tree.text(name))
            for item in tree.documents(name).items
            if item.group in (KUSTOMIZE, HELM, SOURCE, EXTENSIONS, OPERATOR)
        ]
        points = map(operator.entry_point, self._static)
        self._points = [point for point in points if point is not None]
        self.reached: set[str] = set()
        """The files of the HelmReleases and ResourceSets that a Kustomization applies."""

    def left_alone(self) -> Iterator[Item]:
        """The HelmReleases of files that no Kustomization applies, those that ResourceSets make
        included; beside Kustomizations, which give a namespace, those that have one."""
        left = [item for item in self._static if item.file not in self.reached]
        covered = self._covered()
        left = [item for item in left if item.file not in covered]
        for item in left:
            if operator.is_resource_set(item):
                made = self.made_by(item, Cluster(""))
            else:
                made = [item]
            yield from filter(self._is_whole, made)

    def _is_whole(self, item: Item) -> bool:
        """Whether an object is a HelmRelease as it is applied, and no part of one."""
        has_place = bool(item.namespace) or not self.clusters
        return _is_release(item) and _has_chart(item) and has_place

    def _covered(self) -> set[str]:
        """The files that Kustomizations apply or patch with, and those where it is not known
        whether they do."""
        applied = [placed.item for of in self.clusters.values() for placed in of.kustomizations()]
        folders = {self.path_of(item) for item in applied}
        folders.update(path for item in applied for path in self._components(item))
        files = {file for folder in folders for file in files_of(self.tree, folder)}
        unknown = {path for problem in self.problems for path in problem.paths}
        return files.union(patch_files(self.tree), *map(self.tree.below, unknown))

    def _components(self, item: Item) -> Iterator[str]:
        for path in sequence(item.body, "spec", "components"):
            yield normal(posixpath.join(self.path_of(item), str(path)))

    def made_by(self, item: Item, cluster: Cluster) -> list[Item]:
        """What a ResourceSet makes; a problem where that is not known."""

        def find(kind: str, namespace: str, name: str) -> Item | None:
            placed = cluster.find(kind, namespace, name)
            if placed is not None:
                return placed.item
            return next(iter(self.anywhere(kind, namespace, name)), None)

        try:
            return operator.objects(item, find)
        except operator.ResourceSetError as error:
            words = f"ResourceSet {item.name}: {error}"
            remedy = "its releases are not judged"
            folder = posixpath.dirname(item.file) or "."
            self.problems.append(Problem(item.file, item.line, words, remedy, (folder,)))
            return []

    def resolve(self) -> None:
        """Build everything from the entry points on."""
        roots = self._roots()
        names = cluster_names([(item.file, _path(item)) for item in roots])
        for name in names:
            self.clusters.setdefault(name, Cluster(name))
        for name, cluster in self.clusters.items():
            own = [root for root, of in zip(roots, names, strict=True) if of == name]
            _Walk(self, cluster, self._build).run(own)

    def _roots(self) -> list[Item]:
        """The Kustomizations that no other one applies, and those that flux-operator sets up; where
        each is applied, bootstrap's."""
        candidates = [*self._points, *filter(_is_kustomization, self._static)]
        nowhere = Cluster("")
        paths = {self.path_of(item) for item in candidates if self._is_own(item, nowhere)}
        reach = {path: set(files_of(self.tree, path)) for path in paths}
        roots = [
            item for item in candidates if item in self._points or not self._is_applied(item, reach)
        ]
        if roots or not candidates:
            return roots
        return _of_bootstrap(candidates) or candidates[:1]

    def _is_own(self, item: Item, cluster: Cluster) -> bool:
        """Whether a Kustomization applies what is in this repository."""
        reference = mapping(item.body, "spec", "sourceRef")
        return self.is_local(item.namespace, reference, cluster)

    def _is_applied(self, item: Item, reach: Mapping[str, set[str]]) -> bool:
        """Whether the path of another Kustomization holds this one's file."""
        own = self.path_of(item)
        return any(item.file in files for path, files in reach.items() if path != own)

    def path_of(self, item: Item) -> str:
        """Where a Kustomization's path is in the repository, through an artifact where its source
        is one made of the repository."""
        reference = mapping(item.body, "spec", "sourceRef")
        path = _path(item)
        if string(reference, "kind") == "ExternalArtifact":
            path = artifact_path(self._static, string(reference, "name"), path)
        is_packed = string(reference, "kind") in _PACKED
        if is_packed:
            return self._unpacked(path, item.file)
        return path

    def _unpacked(self, path: str, file: str) -> str:
        """A path of an artifact that a pipeline packs from a directory of the repository (`flux
        push artifact --path=./kubernetes`): that directory is the nearest one above the
        Kustomization in which the path is."""
        folder = posixpath.dirname(file)
        while folder and not self.tree.is_dir(path):
            within = normal(posixpath.join(folder, path))
            if self.tree.is_dir(within):
                return within
            folder = posixpath.dirname(folder)
        return path

    def is_local(self, namespace: str, ref: Mapping[str, Json], cluster: Cluster) -> bool:
        """Whether a source is this repository: the one that Flux itself was set up with, or one
        with the same URL."""
        name = string(dict(ref), "name")
        kind = string(dict(ref), "kind") or "GitRepository"
        space = string(dict(ref), "namespace") or namespace
        source = cluster.find(kind, space, name)
        if source:
            candidates = [source.item]
        else:
            candidates = self._sources(kind, name, space)
        if not candidates:
            return True
        url = string(candidates[0].body, "spec", "url")
        own = self._own_urls
        return not own or plain_url(url) in own

    def _sources(self, kind: str, name: str, namespace: str) -> list[Item]:
        return [
            item
            for item in self._static
            if item.kind == kind and item.name == name and item.namespace in ("", namespace)
        ]

    @functools.cached_property
    def _own_urls(self) -> frozenset[str]:
        """The URLs of this repository: those of the source that bootstrap makes, else of the one
        that most Kustomizations name whose paths are here."""
        return self._urls_of(_BOOTSTRAP) or self._urls_of(self._most_named())

    def _urls_of(self, source: tuple[str, str]) -> frozenset[str]:
        sources = (item for item in self._static if (item.kind, item.name) == source)
        return frozenset(plain_url(string(item.body, "spec", "url")) for item in sources) - {""}

    def _most_named(self) -> tuple[str, str]:
        """(kind, name) of the source that most Kustomizations name."""
        here = (item for item in filter(_is_kustomization, self._static) if self._is_here(item))
        references = (mapping(item.body, "spec", "sourceRef") for item in here)
        named = Counter((string(row, "kind"), string(row, "name")) for row in references)
        return max(named, key=named.__getitem__, default=_BOOTSTRAP)

    def _is_here(self, item: Item) -> bool:
        """Whether there is the path of a Kustomization, below the top."""
        return _path(item) != "." and self.tree.is_dir(_path(item))

    def problem(self, item: Item, message: str, remedy: str = "") -> None:
        """Note what stands in the way of building a Kustomization."""
        files = files_of(self.tree, self.path_of(item))
        folders = {posixpath.dirname(file) for file in files} | {self.path_of(item)}
        paths = tuple(sorted(folders))
        self.problems.append(Problem(item.file, item.line, message, remedy, paths))

    def anywhere(self, kind: str, namespace: str, name: str) -> list[Item]:
        """Objects of files that no Kustomization has applied yet."""
        items = []
        for file in self.tree.yaml_files():
            text = self.tree.text(file)
            if text is None or name not in text or kind not in text:
                continue
            items += [
                item
                for item in self.tree.documents(file).items
                if (item.kind, item.name) == (kind, name) and item.namespace in ("", namespace)
            ]
        return items


class _Walk:
    """One cluster's Kustomizations, each built once what its variables need is there."""

    def __init__(self, flux: Flux, cluster: Cluster, build: Build) -> None:
        self._flux = flux
        self._cluster = cluster
        self._build = build
        self._seen: set[tuple[str, str]] = set()
        self._waiting: list[Placed] = []
        self._sets: list[Placed] = []

    def run(self, roots: list[Item]) -> None:
        """Build from the roots until nothing waits."""
        self._waiting = [Placed(_in_namespace(item, "flux-system")) for item in roots]
        while self._waiting and len(self._seen) < _MOST:
            self._turn()
            if not self._waiting:
                self._resource_sets()

    def _turn(self) -> None:
        """Build those whose variables are there; where none are, those that wait."""
        ready = [placed for placed in self._waiting if self._is_ready(placed.item)]
        turn = ready or self._waiting
        self._waiting = [placed for placed in self._waiting if placed not in turn]
        for placed in turn:
            self._kustomization(placed)

    def _is_ready(self, item: Item) -> bool:
        return all(
            self._cluster.find(string(ref, "kind"), item.namespace, string(ref, "name"))
            for ref in sequence(item.body, "spec", "postBuild", "substituteFrom")
        )

    def _kustomization(self, placed: Placed) -> None:
        item = placed.item
        key = (item.namespace, item.name)
        if key in self._seen:
            return
        self._seen.add(key)
        self._cluster.objects.setdefault(("Kustomization", *key), placed)
        reference = mapping(item.body, "spec", "sourceRef")
        if not self._flux.is_local(item.namespace, reference, self._cluster):
            source = f"{string(reference, 'kind')}/{string(reference, 'name')}"
            words = f"Kustomization {item.name} applies {source}, which is another repository"
            self._flux.problems.append(Problem(item.file, item.line, words))
            return
        if mapping(item.body, "spec", "kubeConfig"):
            self._flux.problem(item, f"Kustomization {item.name} applies to another cluster")
        try:
            items = self._build.flux(self._flux.path_of(item), _overlay(item))
            built = list(self._substituted(placed, items))
        except (BuildError, SubstitutionError) as error:
            self._flux.problem(
                item,
                f"Kustomization {item.name} cannot be built: {error}",
                "releases below it are not judged",
            )
            return
        for words in self._build.take_left_out():
            told = f"Kustomization {item.name}: {words}"
            self._flux.problems.append(Problem(item.file, item.line, told))
        for made in built:
            self._place(made, item)

    def _place(self, made: Placed, parent: Item) -> None:
        made = replace(made, item=_in_namespace(made.item, parent.namespace))
        item = made.item
        if _is_kustomization(item):
            self._waiting.append(made)
            return
        self._cluster.objects[(item.kind, item.namespace, item.name)] = made
        if _is_release(item):
            self._flux.reached.add(item.file)
        if operator.is_resource_set(item):
            self._flux.reached.add(item.file)
            self._sets.append(made)

    def _resource_sets(self) -> None:
        """Place what ResourceSets make, once what their inputs come from is there."""
        sets, self._sets = self._sets, []
        for made in sets:
            suspended = made.suspended
            if operator.is_suspended(made.item):
                suspended = f"ResourceSet {made.item.name}"
            for item in self._flux.made_by(made.item, self._cluster):
                own = f"ResourceSet {made.item.namespace}/{made.item.name}"
                placed = replace(made, item=item, suspended=suspended, owner=own)
                self._place(placed, made.item)

    def _substituted(self, placed: Placed, items: list[Item]) -> Iterator[Placed]:
        """The built objects with their variables replaced, where the Kustomization says so."""
        owner = placed.item
        suspended = placed.suspended
        if value(owner.body, "spec", "suspend") is True:
            suspended = f"Kustomization {owner.name}"
        prunes = value(owner.body, "spec", "prune") is not False
        variables = self._variables(owner)
        name = f"{owner.kind} {owner.namespace}/{owner.name}"
        for item in items:
            made = Placed(item, {}, suspended, prunes, name)
            if variables is None or _is_disabled(item):
                yield made
            else:
                yield _replaced(made, variables)

    def _variables(self, owner: Item) -> Variables | None:
        """None where there are none: then nothing is replaced, as kustomize-controller does it."""
        known: dict[str, str] = {}
        hidden: dict[str, str] = {}
        missing: list[str] = []
        for ref in sequence(owner.body, "spec", "postBuild", "substituteFrom"):
            kind, name = string(ref, "kind"), string(ref, "name")
            called = f"{kind} {owner.namespace}/{name}"
            source = self._object(kind, owner, name)
            if source is not None:
                _add(data_of(source), called, known, hidden)
            elif value(ref, "optional") is not True:
                missing.append(called)
        inline = mapping(owner.body, "spec", "postBuild", "substitute")
        _add({key: scalar_text(entry) for key, entry in inline.items()}, "", known, hidden)
        if not (known or hidden or missing):
            return None
        _check_names(known)
        return Variables(known, hidden, tuple(missing))

    def _object(self, kind: str, owner: Item, name: str) -> Item | None:
        """An object as applied, else the only one of its name, or the only one beside the
        Kustomization: one entry point applies both."""
        placed = self._cluster.find(kind, owner.namespace, name)
        if placed is not None:
            return placed.item
        elsewhere = self._flux.anywhere(kind, owner.namespace, name)
        folder = posixpath.dirname(owner.file)
        beside = [item for item in elsewhere if posixpath.dirname(item.file) == folder]
        only = elsewhere if len(elsewhere) == 1 else beside
        if len(only) == 1:
            return only[0]
        return None


def _check_names(names: Iterable[str]) -> None:
    wrong = next((name for name in names if not VALID_NAME.match(name)), "")
    if wrong:
        raise SubstitutionError(f"the variable name {wrong!r} is invalid")


def _add(
    data: Mapping[str, str | None], source: str, known: dict[str, str], hidden: dict[str, str]
) -> None:
    """Put an object's data over what is there; line ends are taken out, as Flux does it."""
    for key, text in data.items():
        known.pop(key, None)
        hidden.pop(key, None)
        if text is None:
            hidden[key] = f"{source} is encrypted"
        else:
            known[key] = text.replace("\n", "")


def data_of(item: Item) -> dict[str, str | None]:
    """The data of a ConfigMap or Secret by key; None for a value that SOPS or a sealed secret
    hides."""
    texts: dict[str, str | None] = {}
    for key, entry in mapping(item.body, "data").items():
        texts[key] = scalar_text(entry) if item.kind == "ConfigMap" else _decoded(entry)
    for key, entry in mapping(item.body, "stringData").items():
        texts[key] = scalar_text(entry)
    if "sops" in item.body:
        return {key: None if _is_sealed(item, key) else text for key, text in texts.items()}
    return texts


def _is_sealed(item: Item, key: str) -> bool:
    written = [string(item.body, field, key) for field in ("data", "stringData")]
    return any(text.startswith("ENC[") for text in written)


def _decoded(entry: Json) -> str | None:
    try:
        return base64.b64decode(scalar_text(entry), validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _replaced(made: Placed, variables: Variables) -> Placed:
    """The object as YAML text with its variables replaced and read again: what was text may be a
    number then."""
    text = as_yaml(made.item.body)
    if "$" not in text:
        return made
    unknown: dict[str, str] = {}
    lookup = _lookup(variables, unknown)
    try:
        body = load(substitute(text, lookup), made.item.file)
    except ReadError as error:
        raise SubstitutionError(f"{made.item.kind} {made.item.name}: {error}") from None
    if not isinstance(body, dict):
        raise SubstitutionError(f"{made.item.kind} {made.item.name} is no mapping then")
    if body == made.item.body:
        return made
    try:
        written = substitute(made.item.text, lookup)
    except SubstitutionError:
        written = ""
    item = replace(made.item, body=body, text=written)
    return replace(made, item=item, unknown=unknown)


def _lookup(variables: Variables, unknown: dict[str, str]) -> Callable[[str], str]:
    """Notes in `unknown` what was asked for and is not known."""

    def look(name: str) -> str:
        if name in variables.known:
            return variables.known[name]
        if name in variables.hidden:
            unknown[name] = variables.hidden[name]
        elif variables.missing:
            sources = ", ".join(variables.missing)
            unknown[name] = f"{sources} is not in the repository"
        else:
            return ""
        return placeholder(name)

    return look


def _overlay(item: Item) -> Overlay:
    spec = mapping(item.body, "spec")
    return Overlay(
        namespace=string(spec, "targetNamespace"),
        patches=tuple(patch for patch in sequence(spec, "patches") if isinstance(patch, dict)),
        components=tuple(map(str, sequence(spec, "components"))),
        ignore_missing_components=value(spec, "ignoreMissingComponents") is True,
        name_prefix=string(spec, "namePrefix"),
        name_suffix=string(spec, "nameSuffix"),
        fields={
            name: sequence(spec, name)
            for name in ("images", "patchesStrategicMerge", "patchesJson6902")
        },
    )


def _of_bootstrap(items: list[Item]) -> list[Item]:
    """Those that `flux bootstrap` makes."""
    return [item for item in items if item.name == "flux-system"]


def _in_namespace(item: Item, namespace: str) -> Item:
    if item.namespace:
        return item
    metadata = {**mapping(item.body, "metadata"), "namespace": namespace}
    return replace(item, body={**item.body, "metadata": metadata})


def _path(item: Item) -> str:
    return normal(string(item.body, "spec", "path") or ".")


def _names_flux(text: str | None) -> bool:
    groups = ("toolkit.fluxcd.io", EXTENSIONS, OPERATOR)
    return text is not None and any(group in text for group in groups)


def _is_kustomization(item: Item) -> bool:
    is_flux = item.group == KUSTOMIZE and item.kind == "Kustomization"
    return is_flux and isinstance(item.body.get("spec"), dict)


def _is_release(item: Item) -> bool:
    return item.kind == "HelmRelease" and item.group == HELM


def _has_chart(item: Item) -> bool:
    """Whether a HelmRelease is a whole one, and no patch of one."""
    template = mapping(item.body, "spec", "chart", "spec")
    reference = mapping(item.body, "spec", "chartRef")
    return bool(string(template, "chart") or string(reference, "name"))


def _is_disabled(item: Item) -> bool:
    return any(
        mapping(item.body, "metadata", field).get(_DISABLED) == "disabled"
        for field in ("labels", "annotations")
    )
