"""Read: manifest text becomes resources by identity, each with its template and line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct, field

from policylint.errors import ReadError
from policylint.kubernetes.api.schemas import NEWEST, Schemas, group_of, schemas
from policylint.kubernetes.manifests.definitions import Definitions
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
        return _manifest(self.placed(resource) for resource in resources)

    def read(self, texts: Iterable[Text]) -> Manifest:
        """Read one side."""
        return self.read_pair((), texts)[1]

    def knowing(self, found: Iterable[Resource]) -> Reader:
        """This reader, knowing the scopes of the CRDs among these resources too."""
        return Reader(self.namespace, self.schemas, Definitions(found, self.definitions))

    def placed(self, resource: Resource) -> Resource:
        """The resource with the namespace that counts: the release's by default, none if
        cluster-scoped."""
        group, kind = resource.id.group, resource.id.kind
        known = self.schemas.namespaced(group, kind)
        if known is None:
            known = self.definitions.namespaced(group, kind)
        namespace = "" if known is False else resource.id.namespace or self.namespace
        if namespace != resource.id.namespace:
            moved = ResourceId(group, kind, namespace, resource.id.name)
            return _with_id(resource, moved)
        return resource

    def _read(
        self, document: Document, checked: bool, shared: set[str], cache: dict[str, list[Resource]]
    ) -> list[Resource]:
        if document.text not in shared:
            return list(_resources(document, document.body()))
        found = cache.get(document.text)
        if found is None:
            sniffed = _sniff(document) if checked else None
            found = [sniffed] if sniffed else list(_resources(document, document.body()))
            cache[document.text] = found
        return found


def _documents(texts: Iterable[Text]) -> list[tuple[Document, bool]]:
    found = [(document, text.checked) for text in texts for document in text.documents()]
    if len(found) > MAX_DOCUMENTS:
        raise ReadError(
            f"{len(found)} documents, more than the limit of {MAX_DOCUMENTS}",
            file=found[0][0].file,
            remedy="check the releases one by one",
        )
    return found


def _manifest(resources: Iterable[Resource]) -> Manifest:
    kept: dict[ResourceId, Resource] = {}
    hooks: dict[ResourceId, Resource] = {}
    duplicates = []
    for resource in resources:
        side = hooks if resource.is_hook else kept
        if resource.id in side:
            duplicates.append(resource)
        else:
            side[resource.id] = resource
    return Manifest(kept, hooks, tuple(duplicates))


def _resources(document: Document, body: Json) -> Iterable[Resource]:
    if body is None:
        return
    if not isinstance(body, dict):
        raise _bad(document, f"a manifest document is a mapping, this is a {_word(body)}")
    kind = body.get("kind")
    items = body.get("items")
    if (
        isinstance(kind, str)
        and kind.endswith("List")
        and isinstance(items, list)
        and "spec" not in body
    ):
        for item in items:
            yield from _resources(document, item)
        return
    yield _resource(document, body)


def _resource(document: Document, body: dict[str, Json]) -> Resource:
    api_version, kind = _type_of(document, body)
    metadata, name = _metadata_of(document, body, kind)
    namespace = metadata.get("namespace")
    annotations = metadata.get("annotations")
    hook = annotations.get(HOOK) if isinstance(annotations, dict) else None
    identity = ResourceId(
        group_of(api_version), kind, namespace if isinstance(namespace, str) else "", name
    )
    origin = Origin(document.source or document.file, document.line)
    return Resource(identity, api_version, body, origin, _events(hook))


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
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        name = metadata.get("name") or metadata.get("generateName")
        if isinstance(name, str) and name:
            return metadata, name
    raise _bad(document, f"a {kind} without metadata.name")


def _events(hook: Json) -> tuple[str, ...]:
    if not isinstance(hook, str):
        return ()
    return tuple(event.strip() for event in hook.split(",") if event.strip())


def _with_id(resource: Resource, identity: ResourceId) -> Resource:
    if isinstance(resource, UnreadResource):
        return _unread(identity, resource.api_version, resource.document)
    return Resource(identity, resource.api_version, resource.body, resource.origin, resource.hooks)


_TOP = pattern(r"""\n(?:["']?(apiVersion|kind|metadata|<<)["']?[ ]*:|[?])""")
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
_BREAKS = frozenset("\t\r\x85\u2028\u2029")
"""Blanks and line breaks of YAML that are none here."""


def _sniff(document: Document) -> Resource | None:
    """The resource of a plainly written document without parsing it; None where only parsing
    tells."""
    found = _sniffed(document.text)
    return _unread(*found, document) if found else None


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
    return HOOK in metadata or _INVOLVED.search(metadata) is not None


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
    return "text" if isinstance(value, str) else "plain value"
