"""What the newer revision drops and the cluster still has, when Helm 3 rolls back to it.

Helm finds the object alive and takes it for the base of its patch. Of a kind that its client does
not know that is a JSON merge patch, which takes the resource version away, and an update of a
custom resource is not accepted without one. So it is where the keep policy leaves the object, and
where the upgrade was refused before anything was deleted. Recorded in charts-dirs (Helm 3.22); Helm
4 takes no resource version away.
"""

from __future__ import annotations

from msgspec.structs import replace

from policylint.kubernetes.api.fielderrors import invalid
from policylint.kubernetes.forecast.answers import UNKNOWN_TO_CLIENT
from policylint.kubernetes.forecast.impact import is_kept
from policylint.kubernetes.forecast.server import Server
from policylint.model import Answer, Apply, Change, Deleted, Outcome

TOPIC = "kept-object-blocks-rollback"
_SOURCE = "registry/rest BeforeUpdate, and helm pkg/kube/client.go"
_NO_VERSION = invalid(
    "metadata.resourceVersion", 0, "must be specified for an update", TOPIC, _SOURCE
)
_REFUSED = Answer(Outcome.REJECTED, (_NO_VERSION,))


def with_leftovers(
    changes: tuple[Change, ...], server: Server, *, refused: bool
) -> tuple[Change, ...]:
    """The changes, with the refusal to roll back to custom resources that the cluster still has;
    `refused` says that the upgrade stops before it deletes anything."""
    if server.target.helm != "3" or server.target.apply is not Apply.CLIENT_SIDE:
        return changes
    return tuple(
        replace(change, forecast=replace(change.forecast, rollback=_REFUSED))
        if isinstance(change, Deleted) and _stays(change, server, refused=refused)
        else change
        for change in changes
    )


def _stays(change: Deleted, server: Server, *, refused: bool) -> bool:
    known = server.kind(change.before).builtin
    known = known and (change.id.group, change.id.kind) not in UNKNOWN_TO_CLIENT
    return (refused or is_kept(change.before)) and not known
