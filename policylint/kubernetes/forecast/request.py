"""One update request as the validation of updates sees it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.model import Cause, Object, ResourceId, Unknown

Finding = Cause | Unknown
Findings = Iterator[Finding]


class Allocated(str):
    """Text that the server made up (an address, a uid): known to be there, unknown in value."""

    __slots__ = ()


class AllocatedPort(int):
    """A port number that the server made up."""


class Request(Struct, frozen=True):
    """An update: the live object, what it would become, and where.

    `assumed` says that `live` is inferred from manifests, not seen in a cluster.
    """

    id: ResourceId
    node: Node
    live: Object
    new: Object
    minor: int
    cluster: Cluster
    assumed: bool = True


def schema(node: Node | None, *path: str) -> Node | None:
    """The schema below a node at a path."""
    for name in path:
        node = node.child(name) if node else None
    return node
