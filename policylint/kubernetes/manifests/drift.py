"""Drift: where the live objects are not what the before side says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.schemas import Node, Schemas
from policylint.kubernetes.manifests.diff import fields
from policylint.model import Created, FieldChange, Object, ResourceId, Upgrade
from policylint.redaction.redactor import Redactor

_OTHERS = ("/apiVersion", "/status", "/stringData")
"""What says nothing of drift: the version read in, the status, and what the server turns into
data."""


def drift(
    upgrade: Upgrade, live: Mapping[ResourceId, Object], schemas: Schemas, redactor: Redactor
) -> list[str]:
    """One line for each field of the before side that its live object lacks or has otherwise.

    What only the live object has (defaults, allocated and other managers' fields) is no drift.
    """
    lines = []
    for change in upgrade.changes:
        live_body = live.get(change.id)
        if isinstance(change, Created) or live_body is None:
            continue
        node = schemas.kind(change.before.api_version, change.id.kind)
        for field in _differing(change.before.body, live_body, node):
            before, after = redactor.values(
                change.id,
                field.path,
                field.before,
                field.after,
                bodies=(change.before.body, live_body),
            )
            lines.append(
                f"{change.id}: {field.path} is {after!r} in the cluster, {before!r} on the "
                "before side"
            )
    return lines


def _differing(before: Object, live_body: Object, node: Node | None) -> Iterator[FieldChange]:
    for field in fields(before, live_body, node):
        if field.op != "add" and not field.path.startswith(_OTHERS):
            yield field
