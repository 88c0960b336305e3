"""Accepted is not applied: what a manifest says and the server does not hold afterwards.

A client-side patch merges lists by a key that may not tell two items apart, integers beyond their
field arrive as another number, and fields of other managers stay as they are. The object that the
forecast leaves is compared with the manifest, field by field; what the server fills in is no loss.
"""

from __future__ import annotations

from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.forecast.answers import as_sent
from policylint.kubernetes.forecast.server import Server, State
from policylint.kubernetes.manifests.diff import fields
from policylint.model import FieldChange, Json, Kept

_TOLD_ELSEWHERE = ("/stringData", "/metadata", "/status", "/apiVersion")
"""Fields that the server keeps in another place or sets itself."""


def unapplied(server: Server, change: Kept, state: State) -> tuple[FieldChange, ...]:
    """The rendered fields that differ in the stored object, of a built-in kind."""
    kind = server.kind(change.after)
    if not kind.builtin or kind.node is None:
        return ()
    found = fields(as_sent(change.after), state.live, kind.node)
    return tuple(
        field for field in found if _is_lost(field) and _is_declared(kind.node, field.path)
    )


def _is_declared(node: Node | None, path: str) -> bool:
    """Whether the kind has the field at all: an unknown one has a finding of its own."""
    for name in path.split("/")[1:]:
        if node is None:
            return False
        node = node.items if node.items is not None and name.isdigit() else node.child(name)
    return node is not None


def _is_lost(field: FieldChange) -> bool:
    if field.op == "add" or field.path.startswith(_TOLD_ELSEWHERE):
        return False
    return not _is_empty(field.before)


def _is_empty(value: Json) -> bool:
    """Whether a value says nothing: null, and what Go leaves out where it is empty."""
    if isinstance(value, dict):
        return all(map(_is_empty, value.values()))
    return value is None or value in ("", []) or value is False
