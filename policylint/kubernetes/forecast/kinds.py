"""What a kind is to the API server of a minor: built in (with a schema), custom (with a CRD), gone
or unknown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.api.schemas import (
    NEWEST,
    RECORDED,
    Node,
    Schemas,
    group_of,
    minor_number,
    schemas,
)
from policylint.kubernetes.forecast.served_table import SERVED
from policylint.model import Object, Resource
from policylint.runtime.patterns import pattern

_CUSTOM_ROOT = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
_METADATA = {"$ref": "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}


class Kind(Struct, frozen=True):
    """How the server knows a kind; `node` is None where no schema is known, `crd` is set for custom
    ones."""

    node: Node | None = None
    crd: Object | None = None
    served: bool = True
    builtin: bool = False


_UNKNOWN = Kind()
_NOWHERE = Kind(served=False)
_DOMAIN = pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)+")
"""A group that a CRD can define: a DNS name with at least one dot."""


def kind_of(resource: Resource, minor: str, crds: Mapping[tuple[str, str], Object]) -> Kind:
    """What the server of a minor knows of a resource's kind, given the CRDs at hand.

    A CRD never stands for a built-in kind, and a group that no CRD can have is served by nobody.
    """
    group, kind = resource.id.group, resource.id.kind
    crd = crds.get((group, kind)) if crds else None
    if group in _builtin_groups() and (crd is None or (group, kind) in _builtin_kinds()):
        return _builtin(resource.api_version, kind, minor)
    if not _DOMAIN.fullmatch(group):
        return _NOWHERE
    if crd is None:
        return _UNKNOWN
    return _custom(crd, resource.api_version, schemas(minor))


@cache
def _builtin(api_version: str, kind: str, minor: str) -> Kind:
    node = schemas(_at_or_above(minor)).kind(api_version, kind) or schemas(NEWEST).kind(
        api_version, kind
    )
    return Kind(node=node, served=_served(api_version, kind, minor), builtin=True)


def _at_or_above(minor: str) -> str:
    """The recorded minor that knows every field of this one: what a server forgets is
    `gate_table`'s to say."""
    wanted = minor_number(minor)
    return next((known for known in RECORDED if minor_number(known) >= wanted), NEWEST)


def _served(api_version: str, kind: str, minor: str) -> bool:
    span = SERVED.get((api_version, kind))
    if span is not None:
        return span[0] <= minor_number(minor) <= span[1]
    return schemas(minor).served(api_version, kind)


@cache
def _builtin_groups() -> frozenset[str]:
    return frozenset(group_of(version) for version, _ in schemas(NEWEST).kinds()) | {"extensions"}


@cache
def _builtin_kinds() -> frozenset[tuple[str, str]]:
    return frozenset((group_of(version), kind) for version, kind in schemas(NEWEST).kinds())


def _custom(crd: Object, api_version: str, document: Schemas) -> Kind:
    wanted = api_version.rpartition("/")[2]
    for version in items(part(crd, "spec").get("versions")):
        if part(version).get("name") == wanted:
            raw = part(version, "schema", "openAPIV3Schema")
            properties = {**part(raw, "properties"), **_CUSTOM_ROOT, "metadata": _METADATA}
            if raw:
                node = Node({**raw, "properties": properties}, document)
            else:
                node = None
            return Kind(node, crd, served=part(version).get("served") is not False)
    return Kind(None, crd, served=False)
