"""The release as the before side left it, and what `helm upgrade` renders over it.

Templates may ask what a cluster holds: `lookup`, `.Release.Revision`, `.Release.IsInstall`,
`.Capabilities.APIVersions`. Where one does, the sides are rendered one after the other against a
cluster on paper: the before side as it was installed and as its next upgrade left it, the after
side over that. What templates look up beyond the release is unknown, and said.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from policylint.errors import ReadError
from policylint.helm.engines.papercluster import Kind, Lookup, PaperCluster, StandingRelease
from policylint.helm.inputs.archives import packed_files
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.render.double import in_an_action
from policylint.helm.values.capabilities import split_words
from policylint.kubernetes.api.schemas import minor_number, schemas
from policylint.kubernetes.manifests.hookorder import in_order, is_deleted_after
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import Json, Manifest, Object, Resource, ResourceId
from policylint.runtime.patterns import pattern

_LOOKUP = pattern(rb"(?<![\w.$\"-])lookup(?![\w\"-])")


def templates_that_look_up(side: object) -> list[str]:
    """The templates of a chart at hand in which `lookup` stands, by their paths in the chart."""
    if not isinstance(side, ChartSide) or not Path(side.chart).exists():
        return []
    return sorted(
        path for path, content in _templates(Path(side.chart)) if in_an_action(content, _LOOKUP)
    )


def _templates(chart: Path) -> Iterator[tuple[str, bytes]]:
    """(path in the chart, content) of each template; those of packed charts within it too."""
    if chart.is_file():
        yield from _packed_templates(chart.read_bytes())
        return
    for path in chart.rglob("*"):
        name = path.relative_to(chart).as_posix()
        if path.is_file() and (_is_template(name) or name.endswith(".tgz")):
            yield from _templates_of(name, path.read_bytes())


def _packed_templates(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """Those of an archive; none of one that cannot be read, of which helm says what is wrong."""
    with suppress(ReadError):
        for name, content in packed_files(archive, "the chart"):
            yield from _templates_of(name, content)


def _templates_of(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    if name.endswith(".tgz"):
        below = name.removesuffix(".tgz")
        for path, template in _packed_templates(content):
            yield f"{below}/{path}", template
    elif _is_template(name):
        yield name, content


def _is_template(name: str) -> bool:
    return "templates/" in name


class Standing(Struct, frozen=True):
    """What a cluster on paper is made of: a release and what is known beside it.

    `kubernetes` is a minor, `api_versions` are as for `helm template --api-versions`.
    """

    name: str
    namespace: str
    kubernetes: str
    api_versions: tuple[str, ...] = ()
    revision: int = 0
    objects: tuple[Object, ...] = ()
    hooks: Mapping[ResourceId, Object] = field(default_factory=dict)
    """What hooks have made and no policy has deleted since."""
    definitions: tuple[Object, ...] = ()
    """The CustomResourceDefinitions that the cluster holds."""
    live: tuple[Object, ...] = ()

    def cluster(self) -> PaperCluster:
        """The cluster; live objects stand in place of the release's own."""
        objects = (*self.hooks.values(), *self.objects)
        release = StandingRelease(self.name, self.namespace, self.revision, objects)
        if self.kubernetes.count(".") > 1:
            version = self.kubernetes
        else:
            version = f"{self.kubernetes}.0"
        return PaperCluster(version.removeprefix("v"), self._kinds(), release, self.live)

    def served(self) -> set[str]:
        """What it serves, as "GROUP/VERSION" and "GROUP/VERSION/Kind"."""
        kinds = self._kinds()
        return {kind.version for kind in kinds} | {f"{kind.version}/{kind.kind}" for kind in kinds}

    def _kinds(self) -> list[Kind]:
        served = schemas(self.kubernetes)
        kinds = [
            Kind(version, kind, served.namespaced(version.rpartition("/")[0], kind) is not False)
            for version, kind in served.kinds()
        ]
        defining = (obj for obj in self.live if obj.get("kind") == "CustomResourceDefinition")
        for definition in (*self.definitions, *defining):
            kinds += _defined(definition)
        # The release's own objects are there, so the cluster serves their kinds.
        kinds += [_kind_of(obj) for obj in (*self.objects, *self.hooks.values(), *self.live)]
        return kinds + [kind for words in self.api_versions for kind in _named(words)]


def as_applied(manifest: Manifest, release: str, namespace: str) -> tuple[Object, ...]:
    """The objects of a render as the cluster holds them after Helm applied it."""
    return tuple(_applied(resource, release, namespace) for resource in manifest.resources.values())


def after_hooks(
    there: Mapping[ResourceId, Object], manifest: Manifest, events: Iterable[str]
) -> dict[ResourceId, Object]:
    """What hooks have left in the cluster after these events. Helm marks their objects as nobody's
    (seen with 3.22 and 4.3)."""
    left = dict(there)
    for event in events:
        ran = in_order(manifest, event)
        left.update((hook.id, _stored(hook)) for hook in ran)
        for hook in filter(is_deleted_after, ran):
            left.pop(hook.id, None)
    return left


def _stored(resource: Resource) -> dict[str, Any]:
    """An object as the server stores it: in its namespace, a Secret's texts among its data."""
    body: dict[str, Any] = dict(resource.body)
    if resource.id.namespace:
        metadata = _table(body.get("metadata"))
        body["metadata"] = {**metadata, "namespace": resource.id.namespace}
    if (resource.id.group, resource.id.kind) == ("", "Secret"):
        _fold_string_data(body)
    return body


def _applied(resource: Resource, release: str, namespace: str) -> Object:
    body = _stored(resource)
    metadata = _table(body.get("metadata"))
    # Source: setMetadataVisitor of pkg/action/validate.go, Helm 3.22 and 4.3.
    labels = {**_table(metadata.get("labels")), "app.kubernetes.io/managed-by": "Helm"}
    annotations = {
        **_table(metadata.get("annotations")),
        "meta.helm.sh/release-name": release,
        "meta.helm.sh/release-namespace": namespace,
    }
    body["metadata"] = {**metadata, "labels": labels, "annotations": annotations}
    return body


def _fold_string_data(secret: dict[str, Any]) -> None:
    """What the server makes of a Secret's write-only `stringData`."""
    texts = _table(secret.pop("stringData", None))
    if texts:
        encoded = {
            key: base64.b64encode(str(text).encode()).decode() for key, text in texts.items()
        }
        secret["data"] = {**_table(secret.get("data")), **encoded}


def _table(value: Json) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    return {}


def _kind_of(obj: Object) -> Kind:
    namespaced = bool(_table(obj.get("metadata")).get("namespace"))
    return Kind(str(obj.get("apiVersion", "")), str(obj.get("kind", "")), namespaced)


def _defined(definition: Object) -> list[Kind]:
    """The kinds that a CustomResourceDefinition serves."""
    spec = _table(definition.get("spec"))
    kind = str(_table(spec.get("names")).get("kind", ""))
    versions = [_table(version) for version in spec.get("versions") or ()]
    return [
        Kind(f"{spec.get('group')}/{version.get('name')}", kind, spec.get("scope") != "Cluster")
        for version in versions
        if version.get("served", True) is not False
    ]


def _named(words: str) -> list[Kind]:
    """The kinds of `--api-versions` words: "GROUP/VERSION" or "GROUP/VERSION/Kind", by commas."""
    kinds = []
    for word in split_words([words]):
        version, _, kind = word.rpartition("/")
        if kind[:1].isupper():
            kinds.append(Kind(version, kind))
        else:
            kinds.append(Kind(word, ""))
    return kinds


def read_objects(texts: Iterable[Text], namespace: str, kubernetes: str) -> Manifest:
    """The manifest of rendered texts, placed in the release's namespace."""
    minor = f"1.{minor_number(kubernetes)}"
    return Reader(namespace, schemas(minor)).read(texts)


def addresses(manifest: Manifest) -> list[Lookup]:
    """What Helm itself asks for before it creates the objects of a render."""
    return [
        Lookup(resource.api_version, resource.id.kind, resource.id.namespace, resource.id.name)
        for resource in manifest.resources.values()
    ]
