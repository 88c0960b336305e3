"""Which built-in kinds have a validation here at all.

A kind counts as judged where a check stands for it, its spec or another of its top fields; a kind
that a new minor brings is therefore not judged until somebody writes its checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from policylint.kubernetes.api.schemas import Node, Schemas, group_of
from policylint.kubernetes.validity.tables import has_own_checks
from policylint.kubernetes.validity.walk import struct_as_v1

_DRA = "resource.k8s.io"

_JUDGED = frozenset(
    {
        # ValidateServiceAccount looks at the metadata alone.
        ("", "ServiceAccount"),
        # What their validation looks at stands deeper than the spec (DeviceClaim, DeviceSelector).
        (_DRA, "DeviceClass"),
        (_DRA, "ResourceClaim"),
        (_DRA, "ResourceClaimTemplate"),
    }
)

_PASSED_OVER = ("metadata", "status")


@cache
def is_judged(api_version: str, kind: str, schemas: Schemas) -> bool:
    """Whether an object of a built-in kind that raises no error may be called valid."""
    key = (group_of(api_version), kind)
    node = schemas.kind(api_version, kind)
    if node is None:
        return False
    return key in _JUDGED or any(has_own_checks(struct_as_v1(part)) for part in _parts(node))


def _parts(node: Node) -> Iterator[Node]:
    """The kind's own struct and those of its fields, or of their items."""
    yield node
    for name, field in node.properties.items():
        if name not in _PASSED_OVER:
            yield field.items or field
