"""How far Helm gets with an upgrade that is refused.

What it cannot build, and what it may not import, stops it before it sends anything; so does a hook
that comes before. A refused creation stops the rest of the objects, in the order of installation;
refused updates are collected, and everything else is sent. Nothing is deleted after a refusal.
Source: performUpgrade of pkg/action/upgrade.go and Update of pkg/kube/client.go, Helm 3.22 and 4.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from policylint.kubernetes.forecast.building import UNDECODED, UNDEPLOYABLE
from policylint.kubernetes.forecast.hooks import stops_all
from policylint.kubernetes.forecast.timing import TOPIC as TOO_LATE
from policylint.kubernetes.manifests.install import rank
from policylint.model import Change, Created, Deleted, Kept, Outcome, ResourceId, Upgrade

HOOK_LEFT = "hook-becomes-resource"
_BUILD = frozenset(
    {"removed-api", "ownership-conflict", HOOK_LEFT, UNDECODED, UNDEPLOYABLE, TOO_LATE}
)
"""Topics of what Helm refuses before it sends anything."""


class Fate(StrEnum):
    """What becomes of an object in an upgrade that is refused."""

    CREATED = "created"
    CHANGED = "changed"
    REFUSED = "refused"
    UNSENT = "not sent"


def progress(upgrade: Upgrade) -> tuple[tuple[ResourceId, Fate], ...]:
    """What becomes of every object that a refused upgrade is about, in the order in which Helm
    comes to them; empty where nothing that is forecast is refused."""
    changes = [change for change in upgrade.changes if _acts(change) or is_refused(change)]
    if before_anything(changes, upgrade.hooks) is not None:
        return tuple((change.id, _unreached(change)) for change in changes)
    if not any(map(is_refused, changes)):
        return ()
    sent, unsent = _sent(changes)
    reached = tuple((change.id, _reached(change)) for change in sent)
    return reached + tuple((change.id, Fate.UNSENT) for change in unsent)


def _unreached(change: Change) -> Fate:
    if is_unbuilt(change):
        return Fate.REFUSED
    return Fate.UNSENT


def _reached(change: Change) -> Fate:
    if is_refused(change):
        return Fate.REFUSED
    if isinstance(change, Created):
        return Fate.CREATED
    return Fate.CHANGED


def before_anything(changes: Iterable[Change], hooks: Iterable[Created]) -> ResourceId | None:
    """What stops Helm before it sends an object of the release; None where nothing does."""
    unbuilt = [change.id for change in changes if is_unbuilt(change)]
    refused = [hook.id for hook in hooks if stops_all(hook)]
    return next(iter(unbuilt + refused), None)


def never_sent(changes: Sequence[Change], hooks: Iterable[Created]) -> frozenset[ResourceId]:
    """The objects that Helm does not come to, because of what it is refused before."""
    if before_anything(changes, hooks) is not None:
        return frozenset(change.id for change in changes if not is_unbuilt(change))
    return frozenset(change.id for change in _sent(changes)[1])


def is_refused(change: Change) -> bool:
    """Whether the server, or Helm itself, refuses it for sure."""
    answer = change.forecast.upgrade
    return answer is not None and answer.outcome is Outcome.REJECTED


def is_unbuilt(change: Change) -> bool:
    """Whether Helm cannot even build the object, or may not import it."""
    answer = change.forecast.upgrade
    return answer is not None and any(cause.topic in _BUILD for cause in answer.causes)


def _sent(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """(what Helm sends, what it does not come to)."""
    applied: list[Change] = [change for change in changes if not isinstance(change, Deleted)]
    ordered = sorted(applied, key=lambda change: rank(change.id.kind))
    deleted: list[Change] = [change for change in changes if isinstance(change, Deleted)]
    for place, change in enumerate(ordered):
        if isinstance(change, Created) and is_refused(change):
            return ordered[: place + 1], [*ordered[place + 1 :], *deleted]
    return ordered, deleted


def _acts(change: Change) -> bool:
    """Whether Helm does anything to the object."""
    return not isinstance(change, Kept) or bool(change.fields)
