"""Accepted is not applied: what a manifest says and the server does not hold afterwards.

A client-side patch merges lists by a key that may not tell two items apart, integers beyond their
field arrive as another number, fields that a kind does not have are left out, and fields of other
managers stay as they are. The object that the forecast leaves is compared with the manifest, field
by field; what the server fills in is no loss. Where the live object was given, what the upgrade
changes of it although both manifests say the same is told too.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.forecast.kinds import Kind
from policylint.kubernetes.forecast.readable import readable
from policylint.kubernetes.forecast.server import Server, State
from policylint.kubernetes.manifests.diff import fields
from policylint.model import FieldChange, Forecast, Json, Kept, Object, Resource
from policylint.runtime.pointers import is_index, steps

_TOLD_ELSEWHERE = ("/stringData", "/metadata", "/status", "/apiVersion")
"""Fields that the server keeps in another place or sets itself."""
_OF_THE_SERVER = ("/metadata", "/status", "/apiVersion")


def with_losses(
    forecasted: Forecast,
    server: Server,
    after: Resource,
    sent: Object,
    state: State,
    kept: Kept | None = None,
) -> Forecast:
    """The forecast of an accepted request with the rendered fields that differ in the stored
    object; of a kept resource (`kept`) those that are left out only where this upgrade brings
    them."""
    kind = server.kind(after)
    if not _is_comparable(kind, after, kept):
        return forecasted
    if _holds_all(state.live, sent):
        return forecasted
    known: list[FieldChange] = []
    dropped: list[FieldChange] = []
    for field in filter(_is_lost, fields(sent, state.live, kind.node)):
        if _has(kind, field.path):
            known.append(field)
        elif field.op == "remove" and (kept is None or _is_near(field.path, kept.fields)):
            dropped.append(field)
    return replace(forecasted, unapplied=tuple(known), dropped=tuple(dropped))


def reverted(server: Server, change: Kept, start: State, state: State) -> tuple[FieldChange, ...]:
    """What the upgrade changes of a live object that was given, beside what the manifests change:
    `before` is the live value."""
    node = server.kind(change.after).node
    if start.assumed or start.live is state.live:
        return ()
    return tuple(
        field
        for field in fields(start.live, state.live, node)
        if not field.path.startswith(_OF_THE_SERVER) and not _is_near(field.path, change.fields)
    )


def _holds_all(live: Object, sent: Object) -> bool:
    """Whether a quick look finds all that was sent in the stored object, so that nothing needs a
    careful one."""
    return all(
        name in live and _holds(live[name], value)
        for name, value in sent.items()
        if not f"/{name}".startswith(_TOLD_ELSEWHERE)
    )


def _holds(live: Json, sent: Json) -> bool:
    kind = sent.__class__
    if kind is not live.__class__:
        return False
    if kind is dict:
        for name, value in sent.items():
            if name not in live or not _holds(live[name], value):
                return False
        return True
    if kind is list:
        return len(live) == len(sent) and all(map(_holds, live, sent))
    return bool(live == sent)


def _is_comparable(kind: Kind, after: Resource, kept: Kept | None) -> bool:
    """Whether the stored object can differ from what was sent, as far as the kind is known: a new
    one only where the server does not read all of it."""
    if kind.node is None:
        return False
    if kept is not None or not kind.builtin:
        return kind.builtin or kind.crd is not None
    return not readable(kind.node, after.body)


def _has(kind: Kind, path: str) -> bool:
    """Whether the kind has the field at all; below what it does not describe nothing is known."""
    node: Node | None = kind.node
    for name in steps(path):
        if node is None:
            return False
        if node.items is not None and is_index(name):
            node = node.items
        else:
            node = node.child(name)
    return node is not None


def _is_near(path: str, changed: Iterable[FieldChange]) -> bool:
    """Whether one of these changes is at, above or below a path."""
    return any(_within(path, field.path) or _within(field.path, path) for field in changed)


def _within(path: str, parent: str) -> bool:
    return path == parent or path.startswith(f"{parent}/")


def _is_lost(field: FieldChange) -> bool:
    if field.op == "add" or field.path.startswith(_TOLD_ELSEWHERE):
        return False
    return not _is_empty(field.before)


def _is_empty(value: Json) -> bool:
    """Whether a value says nothing: null, and what Go leaves out where it is empty."""
    if isinstance(value, dict):
        return all(map(_is_empty, value.values()))
    return value is None or value in ("", []) or value is False
