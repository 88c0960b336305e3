"""Objects that are sent otherwise than the others of their release.

Deleting an object and making it anew is what `kubectl replace --force` does always, and `kubectl
apply --force` where the patch is refused as invalid. Source: k8s.io/kubectl pkg/cmd/replace and
pkg/cmd/apply/patcher.go.
"""

from __future__ import annotations

from msgspec.structs import replace

from policylint.kubernetes.forecast.answers import create
from policylint.kubernetes.forecast.server import Server
from policylint.model import Answer, Apply, Forecast, Kept, Outcome, Sending


def as_asked(server: Server, sending: Sending | None) -> Server:
    """The server as one object is sent to it."""
    if sending is None:
        return server
    return replace(server, target=replace(server.target, apply=sending.apply))


def forced(
    change: Kept, sending: Sending | None, changed: Forecast, forward: Server, back: Server
) -> Forecast:
    """The answers to a kept object that may be deleted and made anew; `changed` are those to
    changing it."""
    if sending is None or not sending.force or not change.fields:
        return changed
    upgrade, rollback, recreated = changed.upgrade, changed.rollback, ""
    if _is_recreated(sending, upgrade):
        upgrade, recreated = create(forward, change.after)[0], sending.force
    if _is_recreated(sending, rollback):
        rollback = create(back, change.before)[0]
    return replace(changed, upgrade=upgrade, rollback=rollback, recreated=recreated)


def _is_recreated(sending: Sending, response: Answer | None) -> bool:
    is_refused = response is not None and response.outcome is Outcome.REJECTED
    return sending.apply is Apply.REPLACE or is_refused
