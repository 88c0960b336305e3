"""Drift: where the live objects are not what the before side says, and what becomes of that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from policylint.kubernetes.api.schemas import Node, Schemas
from policylint.kubernetes.manifests.diff import fields
from policylint.model import (
    Created,
    Deleted,
    FieldChange,
    Kept,
    Object,
    Outcome,
    ResourceId,
    Upgrade,
)
from policylint.redaction.redactor import Redactor

_OTHERS = ("/apiVersion", "/status", "/stringData")
"""What says nothing of drift: the version read in, the status, and what the server turns into
data."""


def drift(
    upgrade: Upgrade, live: Mapping[ResourceId, Object], schemas: Schemas, redactor: Redactor
) -> list[str]:
    """One line for each field of the before side that its live object lacks or has otherwise, with
    what the upgrade does to it.

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
                f"before side: {_fate(change, field.path)}"
            )
    return lines


def _fate(change: Kept | Deleted, path: str) -> str:
    """What the upgrade does to a field that drifted, as the forecast has it."""
    if isinstance(change, Deleted):
        return "the object is deleted"
    answer = change.forecast.upgrade
    if answer is not None:
        outcome = answer.outcome
    else:
        outcome = Outcome.DEPENDS
    if outcome is Outcome.REJECTED:
        return "the upgrade is refused, and leaves it"
    gone = [field for field in change.fields if field.op == "remove"]
    fates = (
        (change.forecast.reverted, "the upgrade sets it back"),
        (gone, "the upgrade removes it"),
        (change.fields, "the upgrade changes it"),
    )
    fate = next((words for fields, words in fates if _is_among(fields, path)), "")
    is_known = outcome is Outcome.ACCEPTED
    if is_known:
        left = "the upgrade leaves it"
    else:
        left = "what the upgrade does to it depends"
    return fate or left


def _is_among(changes: Iterable[FieldChange], path: str) -> bool:
    """Whether one of these changes is at, above or below a path."""
    return any(
        f"{path}/".startswith(f"{field.path}/") or field.path.startswith(f"{path}/")
        for field in changes
    )


def _differing(before: Object, live_body: Object, node: Node | None) -> Iterator[FieldChange]:
    for field in fields(before, live_body, node):
        if field.op != "add" and not field.path.startswith(_OTHERS):
            yield field
