"""Read: manifest text becomes resources by identity, each with its template and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec import Struct, field

from policylint.errors import ReadError
from policylint.kubernetes.api.schemas import NEWEST, Schemas, group_of, schemas
from policylint.kubernetes.manifests.definitions import Definitions
from policylint.kubernetes.manifests.install import HOOK_EVENTS, hook_events
from policylint.kyaml.load import Document, split
from policylint.model import Json, Manifest, Object, Origin, Resource, ResourceId
from policylint.runtime.patterns import pattern

MAX_DOCUMENTS = 100_000
HOOK = "helm.sh/hook"


class Text(Struct, frozen=True):
    """One piece of manifest text, the name of the file (or render) it came from, and the line at
    which it begins there.

    `checked` says that Helm has already parsed it, so that documents equal on both sides need no
    second look.
    """

    file: str
    text: str
    checked: bool = False
    line: int = 1

    def documents(self) -> tuple[Document, ...]:
        """Its documents, not parsed yet."""
        return split(self.text, self.file, self.line)


_LONG = 8192
"""Characters of a document below which parsing it costs less than knowing what to search for."""
_ESCAPE = pattern(r"\\[xuU/\r\n]")
"""Escapes that letters may be written by."""
_TAGS = ("!!", "!<", "%TAG")
"""How tags begin that YAML itself defines, such as that of base64, and other names of them."""


@lru_cache(maxsize=256)
def _is_as_it_reads(text: str) -> bool:
    """Whether each word of a document stands in its text letter by letter."""
    return _ESCAPE.search(text) is None and not any(tag in text for tag in _TAGS)


class UnreadResource(Resource, frozen=True, kw_only=True):
    """A resource whose text is equal on both sides: parsed only when somebody looks at its body."""

    document: Document
    parsed: list[Object] = field(default_factory=list)
    """The object, from the first look on."""

    @property  # type: ignore[misc]  # the field of the same name is read through here
    def body(self) -> Object:
        """The object, parsed on the first look."""
        if not self.parsed:
            self.parsed.append(self.document.body())
        return self.parsed[0]

    def may_hold(self, words: Iterable[str]) -> bool:
        """Whether its text holds one of the words, or may write one otherwise; of a short one
        reading tells."""
        text = self.document.text
        if self.parsed or len(text) < _LONG or not _is_as_it_reads(text):
            return True
        return any(word in text for word in words)


def _unread(identity: ResourceId, api_version: str, document: Document) -> UnreadResource:
    origin = Origin(document.source or document.file, document.line)
    return UnreadResource(identity, api_version, {}, origin, document=document)


class Reader(Struct, frozen=True):
    """How manifest text is read: the release's namespace for objects without one, and the kinds'
    scopes."""

    namespace: str = "default"
    schemas: Schemas = field(default_factory=lambda: schemas(NEWEST))
    definitions: Definitions = field(default_factory=lambda: Definitions(()))
    """The CRDs that tell whether other kinds are namespaced."""

    def read_pair(self, before: Iterable[Text], after: Iterable[Text]) -> tuple[Manifest, Manifest]:
        """Read both sides; a document equal on both is parsed at most once, or not at all if
        `checked`.

        Raises `ReadError` for text that is no manifest.
        """
        old, new = _documents(before), _documents(after)
        shared = {document.text for document, _ in old} & {document.text for document, _ in new}
        cache: dict[str, list[Resource]] = {}
        before_side = self._read_side(old, shared, cache)
        after_side = self._read_side(new, shared, cache)
        reader = self.knowing([*before_side, *after_side])
        return reader._manifest(before_side), reader._manifest(after_side)

    def _read_side(
        self,
        documents: Iterable[tuple[Document, bool]],
        shared: set[str],
        cache: dict[str, list[Resource]],
    ) -> list[Resource]:
        resources: list[Resource] = []
        for document, checked in documents:
            resources += self._read(document, checked, shared, cache)
        return resources

    def _manifest(self, resources: Iterable[Resource]) -> Manifest:
        return manifest_of(self.placed(resource) for resource in resources)

    def read(self, texts: Iterable[Text]) -> Manifest:
        """Read one side."""
        return self.read_pair((), texts)[1]

    def knowing(self, resources: Iterable[Resource]) -> Reader:
        """This reader, knowing the scopes of the CRDs among these resources too."""
        return Reader(self.namespace, self.schemas, Definitions(resources, self.definitions))

    def placed(self, resource: Resource) -> Resource:
        """The resource with the namespace that counts: the release's by default, none if
        cluster-scoped."""
        group, kind = resource.id.group, resource.id.kind
        known = self.schemas.namespaced(group, kind)
        if known is None:
            known = self.definitions.namespaced(group, kind)
        if known is False:
            namespace = ""
        else:
            namespace = resource.id.namespace or self.namespace
        if namespace != resource.id.namespace:
            moved = ResourceId(group, kind, namespace, resource.id.name)
            return _with_id(resource, moved)
        return resource

    def _read(
        self, document: Document, checked: bool, shared: set[str], cache: dict[str, list[Resource]]
    ) -> list[Resource]:
        if document.text not in shared:
            return list(_resources(document, document.body()))
        resources = cache.get(document.text)
        if resources is None:
            sniffed = _sniff(document) if checked else None
            if sniffed:
                resources = [sniffed]
            else:
                resources = list(_resources(document, document.body()))
            cache[document.text] = resources
        return resources


def _documents(texts: Iterable[Text]) -> list[tuple[Document, bool]]:
    documents = [(document, text.checked) for text in texts for document in text.documents()]
    if len(documents) > MAX_DOCUMENTS:
        raise ReadError(
            f"{len(documents)} documents, more than the limit of {MAX_DOCUMENTS}",
            file=documents[0][0].file,
            remedy="check the releases one by one",
        )
    return documents


def manifest_of(resources: Iterable[Resource]) -> Manifest:
    """One side of these resources, in order."""
    kept: dict[ResourceId, Resource] = {}
    hooks: dict[ResourceId, Resource] = {}
    duplicates, skipped = [], []
    for resource in resources:
        side = hooks if resource.is_hook else kept
        if not HOOK_EVENTS.issuperset(resource.hooks):
            skipped.append(resource)
        elif resource.id in side:
            duplicates.append(resource)
        else:
            side[resource.id] = resource
    return Manifest(kept, hooks, tuple(duplicates), skipped=tuple(skipped))


def _resources(document: Document, body: Json) -> Iterable[Resource]:
    """The objects of a document; whether they are hooks, the document's own annotations tell."""
    if body is None:
        return
    if not isinstance(body, dict):
        raise _bad(document, f"a manifest document is a mapping, this is a {_word(body)}")
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        annotations = metadata.get("annotations")
    else:
        annotations = None
    is_hook = isinstance(annotations, dict) and HOOK in annotations
    if is_hook and annotations:
        events = hook_events(annotations[HOOK])
    else:
        events = ()
    for item in _unpacked(document, body):
        yield _resource(document, item, events)


def _unpacked(document: Document, body: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """The objects that Helm's client takes a document for: anything with `items` is a list.

    An item without apiVersion and kind has those of its list. Source: FlattenListVisitor of
    k8s.io/cli-runtime pkg/resource, unstructuredJSONScheme of k8s.io/apimachinery.
    """
    if "items" not in body:
        yield body
        return
    items = body["items"]
    if items is not None and not isinstance(items, list):
        raise _bad(document, "items that are no list: Helm takes every object with items for one")
    for item in items or ():
        if not isinstance(item, dict):
            raise _bad(document, f"items hold objects, this one is a {_word(item)}")
        for nested in _unpacked(document, _typed(item, body)):
            yield _accessible(nested)


def _typed(item: dict[str, Json], parent: dict[str, Json]) -> dict[str, Json]:
    kind = parent.get("kind")
    if item.get("kind") or item.get("apiVersion") or not isinstance(kind, str):
        return item
    return {**item, "apiVersion": parent.get("apiVersion"), "kind": kind.removesuffix("List")}


def _accessible(item: dict[str, Json]) -> dict[str, Json]:
    """An item of a list as Helm's client reads it: nobody checks its metadata, and labels or
    annotations that are not all texts are lost."""
    metadata = item.get("metadata")
    if not isinstance(metadata, dict):
        return item
    lost = [key for key in ("labels", "annotations") if not _is_textual(metadata.get(key))]
    if not lost:
        return item
    return {**item, "metadata": {key: metadata[key] for key in metadata if key not in lost}}


def _is_textual(value: Json) -> bool:
    if not isinstance(value, dict):
        return value is None
    return all(isinstance(text, str) for text in value.values())


def _resource(document: Document, body: dict[str, Json], events: tuple[str, ...]) -> Resource:
    api_version, kind = _type_of(document, body)
    metadata, name = _metadata_of(document, body, kind)
    namespace = metadata.get("namespace")
    identity = ResourceId(
        group_of(api_version), kind, namespace if isinstance(namespace, str) else "", name
    )
    origin = Origin(document.source or document.file, document.line)
    return Resource(identity, api_version, body, origin, events)


def _type_of(document: Document, body: dict[str, Json]) -> tuple[str, str]:
    values = []
    for key in ("apiVersion", "kind"):
        value = body.get(key)
        if not isinstance(value, str) or not value:
            raise _bad(document, f"a document without {key}")
        values.append(value)
    return values[0], values[1]


def _metadata_of(
    document: Document, body: dict[str, Json], kind: str
) -> tuple[dict[str, Json], str]:
    """The metadata and the name; a name that is no text is refused later, by whoever answers."""
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        name = metadata.get("name")
        if isinstance(name, bool | int | float):
            name = str(name).lower()
        name = name or metadata.get("generateName")
        if isinstance(name, str) and name:
            return metadata, name
    raise _bad(document, f"a {kind} without metadata.name")


def _with_id(resource: Resource, identity: ResourceId) -> Resource:
    if isinstance(resource, UnreadResource):
        return _unread(identity, resource.api_version, resource.document)
    return Resource(identity, resource.api_version, resource.body, resource.origin, resource.hooks)


_TOP = pattern(r"""\n(?:["']?(apiVersion|kind|metadata|items|<<)["']?[ ]*:|[?])""")
"""The lines that say what a document is, and those that may say so in another way."""
_WORD = r"""(["']?)([A-Za-z][\w.:/-]*)\1[ ]*"""
"""A text that is no more than it looks like, but for `_LITERAL`."""
_HEAD = pattern(rf"\w+:[ ]+{_WORD}\n(?!\n*[ ])")
_METADATA = pattern(r"metadata:[ ]*\n((?:[ ]+.*\n|[ ]*\n|#.*\n)+)")
_KEY = pattern(r"[ ]+([A-Za-z]+):(?=[ ]|$)")
_NAME = pattern(rf"[ ]+{_WORD}")
_LITERAL = pattern(r"(?i)true|false|yes|no|on|off|y|n|null")
_INVOLVED = pattern(
    r"""^[ ]*(?:-[ ]+)*(?:[^\s"':][^\s:]*:[ ]+)?"""
    r"""(?:[!&*?]|"(?!(?:[^"\\\n]|\\.)*")|'(?!(?:[^'\n]|'')*')|"""
    r"""[{\[](?![^{}\[\]"'\n]*[}\]][ ]*$))|<<""",
    re.MULTILINE,
)
"""Anchors, aliases, tags, and quotes and brackets that end in another line: what follows need not
be what it seems."""
_UNQUOTED = pattern(
    r"(?i):[ ]+(?:[-+.]?[0-9][^ \n]*|true|false|yes|no|on|off|y|n|null|~|[-+]?[.](?:inf|nan))"
    r"[ ]*(?:#.*)?$",
    re.MULTILINE,
)
"""Values that may be no text: Helm refuses them as labels and annotations."""
_BREAKS = frozenset("\t\r\x85\u2028\u2029")
"""Blanks and line breaks of YAML that are none here."""


def _sniff(document: Document) -> Resource | None:
    """The resource of a plainly written document without parsing it; None where only parsing
    tells."""
    head = _sniffed(document.text)
    if head:
        return _unread(*head, document)
    return None


@lru_cache(maxsize=256)
def _sniffed(text: str) -> tuple[ResourceId, str] | None:
    """The identity and API version that a plainly written document gives, None where only parsing
    tells."""
    parts = _head_of(text)
    if parts is None:
        return None
    api_version, kind, metadata = parts
    names = _names(metadata)
    words = (api_version, kind, *names.values())
    if "name" not in names or kind.endswith("List") or any(map(_LITERAL.fullmatch, words)):
        return None
    namespace = names.get("namespace", "")
    return ResourceId(group_of(api_version), kind, namespace, names["name"]), api_version


def _head_of(text: str) -> tuple[str, str, str] | None:
    """The API version, the kind and the lines of metadata, each of which stands there once and
    plainly."""
    if not text.endswith("\n") or not _BREAKS.isdisjoint(text):
        return None
    tops = list(_TOP.finditer(f"\n{text}"))
    lines = {top[1]: top.start() for top in tops}
    if len(tops) != 3 or lines.keys() != {"apiVersion", "kind", "metadata"}:
        return None
    api_version = _HEAD.match(text, lines["apiVersion"])
    kind = _HEAD.match(text, lines["kind"])
    metadata = _METADATA.match(text, lines["metadata"])
    if api_version is None or kind is None or metadata is None or _is_involved(metadata[1]):
        return None
    return api_version[2], kind[2], metadata[1]


def _is_involved(metadata: str) -> bool:
    """Whether only parsing tells what metadata says, or it may say that the object is a hook."""
    if HOOK in metadata or _UNQUOTED.search(metadata) is not None:
        return True
    return _INVOLVED.search(metadata) is not None


def _names(block: str) -> dict[str, str]:
    """The name and the namespace in the lines of metadata; empty where a line there is none of a
    plain mapping."""
    names: dict[str, str] = {}
    for key, rest, nested in _top_keys(block):
        if key in ("name", "namespace"):
            word = _NAME.fullmatch(rest)
            if word is None or nested or key in names:
                return {}
            names[key] = word[2]
    return names


def _top_keys(block: str) -> list[tuple[str, str, bool]]:
    """(key, rest of its line, whether something is indented below it) of each entry of a block
    mapping; none where it is not plainly one."""
    lines = [line for line in block.splitlines() if not _is_blank(line)]
    indents = [len(line) - len(line.lstrip()) for line in lines]
    keys = []
    for line, indent, following in zip(lines, indents, [*indents[1:], 0], strict=True):
        if indent > indents[0] or line.startswith("- ", indent):
            continue
        key = _KEY.match(line)
        if key is None or indent < indents[0]:
            return []
        keys.append((key[1], line[key.end() :], following > indent))
    return keys


def _is_blank(line: str) -> bool:
    """Whether a line has nothing but blanks and a comment."""
    return not line.strip() or line.lstrip().startswith("#")


def _bad(document: Document, message: str) -> ReadError:
    return ReadError(
        message,
        file=document.file,
        line=document.line,
        remedy="every document of a manifest needs apiVersion, kind and metadata.name",
    )


def _word(value: Json) -> str:
    if isinstance(value, list):
        return "list"
    if isinstance(value, str):
        return "text"
    return "plain value"
