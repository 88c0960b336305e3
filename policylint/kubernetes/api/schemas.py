"""The published OpenAPI schemas of the built-in kinds, minor by minor.

Data: `policylint/data/openapi-MINOR.json.gz`, made by `scripts/make_openapi.py` from documents
recorded from real API servers and from the Go types of the same minor. Minors without a recording
are read from the nearest recorded one at or below (else the oldest).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from msgspec import Raw, Struct, json

from policylint.runtime import resources as shipped
from policylint.runtime.digits import whole

RECORDED = ("1.30", "1.33", "1.34", "1.35", "1.36", "1.37")
"""The minors with a recording, oldest first: a new one is recorded, made and added here."""

NEWEST = RECORDED[-1]
"""The newest minor known, by which newer ones and those that nobody names are judged."""

_NESTING = frozenset(("$ref", "properties", "items", "additionalProperties"))


class Fields(Mapping[str, "Node"]):
    """The declared fields of a node by name, each made a node when somebody looks at it."""

    def __init__(self, raw: Mapping[str, Any], document: Schemas) -> None:
        self._raw = raw
        self._document = document
        self._made: dict[str, Node] = {}

    def __getitem__(self, name: str) -> Node:
        node = self._made.get(name)
        if node is None:
            node = self._made[name] = self._document.node(self._raw[name])
        return node

    def __contains__(self, name: object) -> bool:
        return name in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def nests(self, name: str) -> bool:
        """Whether a declared field is, or holds, more than plain values: told without making its
        node."""
        return not _NESTING.isdisjoint(self._raw.get(name, ()))

    def get(self, name: str, default: Any = None) -> Any:
        """The field's node, or the default where none is declared."""
        return self._made.get(name) or (self[name] if name in self._raw else default)


class Node:
    """One schema node, its reference resolved; `Node`s of one document are shared and compared by
    identity."""

    def __init__(self, raw: Mapping[str, Any], document: Schemas) -> None:
        self._document = document
        if "$ref" in raw:
            named = document.raw_named(raw["$ref"])
        else:
            named = {}
        self._raw: Mapping[str, Any] = {**named, **raw} if named else raw
        self.ref: str = raw.get("$ref", "")
        """The name of the schema this node refers to, such as io.k8s.api.core.v1.PodSpec."""
        self.type: str = self._raw.get("type", "")
        self.format: str = self._raw.get("format", "")
        self.default: Any = self._raw.get("default")
        self.list_type: str = self._raw.get("x-kubernetes-list-type", "")
        self.list_keys: tuple[str, ...] = tuple(self._raw.get("x-kubernetes-list-map-keys", ()))
        self.map_type: str = self._raw.get("x-kubernetes-map-type", "")
        self.patch_merge_key: str = self._raw.get("x-kubernetes-patch-merge-key", "")
        self.int_or_string: bool = self.format == "int-or-string"
        self.quantity: bool = self.ref.endswith(".api.resource.Quantity")
        self.preserve_unknown: bool = bool(
            self._raw.get("x-kubernetes-preserve-unknown-fields")
        ) or (
            self.type == "object"
            and "properties" not in self._raw
            and "additionalProperties" not in self._raw
        )
        self.properties = Fields(self._raw.get("properties", {}), document)
        """The declared fields by name."""
        self.is_struct: bool = bool(self._raw.get("properties"))
        """Whether it declares fields."""

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The fields that must be there."""
        return tuple(self._raw.get("required", ()))

    @cached_property
    def pointers(self) -> frozenset[str]:
        """The fields of plain values that are pointers in Go: there a zero value is not the same as
        none."""
        return frozenset(self._raw.get("x-go-pointers", ()))

    @cached_property
    def supported(self) -> Mapping[str, tuple[str, ...]]:
        """The values of each enumerated field, or of its items."""
        return {
            name: tuple(values)
            for name, raw in self._raw.get("properties", {}).items()
            if (values := raw.get("enum") or raw.get("items", {}).get("enum"))
        }

    @cached_property
    def patch_strategy(self) -> tuple[str, ...]:
        """How a strategic merge patch treats it: "merge", "replace", "retainKeys"."""
        return tuple(filter(None, self._raw.get("x-kubernetes-patch-strategy", "").split(",")))

    @property
    def structs(self) -> tuple[str, ...]:
        """The fields that are structs of their own in Go, so that they are never missing: their
        default is {}."""
        return tuple(
            name
            for name, raw in self._raw.get("properties", {}).items()
            if raw.get("default") == {}
        )

    def bound(self, keyword: str) -> Any:
        """A validation keyword of OpenAPI (minimum, maxLength, pattern, ...), None where it is not
        given."""
        return self._raw.get(keyword)

    @cached_property
    def items(self) -> Node | None:
        """The schema of a list's items."""
        raw = self._raw.get("items")
        if raw is not None:
            return self._document.node(raw)
        return None

    @cached_property
    def additional(self) -> Node | None:
        """The schema of a map's values."""
        raw = self._raw.get("additionalProperties")
        if isinstance(raw, dict):
            return self._document.node(raw)
        return None

    def child(self, name: str) -> Node | None:
        """The schema of a field, declared or by `additionalProperties`."""
        return self.properties.get(name) or self.additional


class Document(Struct, frozen=True):
    """A file of recorded schemas; each schema is read when somebody asks for it."""

    minor: str
    schemas: dict[str, Raw]
    kinds: dict[str, str]
    """The schema's name by "apiVersion kind"."""
    resources: list[tuple[str, str, bool]]
    """(API version, kind, whether it is namespaced) of what the server serves."""


class Schemas:
    """The schemas of one Kubernetes minor."""

    def __init__(self, document: Document) -> None:
        self.minor = document.minor
        self._unread = document.schemas
        self._named: dict[str, Mapping[str, Any]] = {}
        self._kinds = document.kinds
        self._nodes: dict[str, Node] = {}
        self._scopes: dict[tuple[str, str], bool] = {}
        self._served: set[tuple[str, str]] = set()
        for version, kind, namespaced in document.resources:
            self._scopes[(group_of(version), kind)] = namespaced
            self._served.add((version, kind))

    def raw_named(self, name: str) -> Mapping[str, Any]:
        """The raw schema of a name; an empty one where the document lacks it."""
        if name not in self._named:
            self._named[name] = json.decode(self._unread[name]) if name in self._unread else {}
        return self._named[name]

    def node(self, raw: Any) -> Node:
        """The node of a raw schema; a bare reference is made once, and what is no schema says
        nothing."""
        if not isinstance(raw, Mapping):
            raw = {}
        if len(raw) == 1 and "$ref" in raw:
            return self.named(raw["$ref"])
        return Node(raw, self)

    def named(self, name: str) -> Node:
        """The node of a schema by its full name."""
        node = self._nodes.get(name)
        if node is None:
            node = self._nodes[name] = Node({"$ref": name}, self)
        return node

    def namespaced(self, group: str, kind: str) -> bool | None:
        """Whether a kind lives in namespaces; None for a kind these schemas do not know."""
        return self._scopes.get((group, kind))

    def kind(self, api_version: str, kind: str) -> Node | None:
        """The schema of a kind in one API version; None where it is not known or not served."""
        name = self._kinds.get(f"{api_version} {kind}")
        if name:
            return self.named(name)
        return None

    def served(self, api_version: str, kind: str) -> bool:
        """Whether this minor's server serves the kind in this API version."""
        return (api_version, kind) in self._served

    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Every served (API version, kind), sorted."""
        return tuple(sorted(self._served))


def group_of(api_version: str) -> str:
    """The group of an API version: "apps" of "apps/v1", "" of "v1"."""
    return api_version.rpartition("/")[0]


def recorded_for(minor: str) -> str:
    """The recorded minor that judges `minor`: the nearest at or below, else the oldest."""
    wanted = minor_number(minor)
    below = [known for known in RECORDED if minor_number(known) <= wanted]
    if below:
        return below[-1]
    return RECORDED[0]


def minor_number(minor: str) -> int:
    """36 of "1.36", "v1.36.3" or "1.36+"; raises ValueError for anything else."""
    major, _, rest = minor.removeprefix("v").partition(".")
    number = rest.partition(".")[0].partition("-")[0].rstrip("+")
    told = whole(number) if number.isdigit() else None
    if major != "1" or told is None:
        raise ValueError(f"not a Kubernetes version: {minor!r} (write it as 1.36)")
    return told


def schemas(minor: str) -> Schemas:
    """The schemas that judge a minor such as "1.33" (see `recorded_for`)."""
    return _load(recorded_for(minor))


@cache
def _load(minor: str) -> Schemas:
    import gzip  # helm's inputs take the newest minor from here, and unpack nothing

    data = gzip.decompress(shipped.data(f"openapi-{minor}.json.gz"))
    return Schemas(json.decode(data, type=Document))
