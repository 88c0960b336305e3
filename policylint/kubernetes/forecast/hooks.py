"""Hooks: objects that Helm creates beside the release, in the order of events and weights.

A hook is not patched: what bears its name is deleted (unless its policies say otherwise), and it is
created. A refused one ends the upgrade: before anything else is sent where it runs first. Source:
execHook of helm pkg/action/hooks.go, Helm 3.22 and 4.3.
"""

from __future__ import annotations

from msgspec.structs import replace

from policylint.kubernetes.api.commands import named
from policylint.kubernetes.forecast.answers import as_sent, create, live_state, stored, update
from policylint.kubernetes.forecast.between import Surroundings, admission
from policylint.kubernetes.forecast.building import unbuilt
from policylint.kubernetes.forecast.moments import Moment, Moments, backward, forward
from policylint.kubernetes.forecast.server import Sent, Server, answer
from policylint.kubernetes.forecast.timing import too_late
from policylint.kubernetes.forecast.webhooks import silences, unanswered
from policylint.kubernetes.manifests.hookorder import (
    is_deleted_after,
    is_deleted_first,
    stays_behind,
)
from policylint.model import (
    Answer,
    Apply,
    Cause,
    Created,
    Forecast,
    Outcome,
    Resource,
    ResourceId,
    Unknown,
    Upgrade,
)

TOPIC = "hook-refused"
_SOURCE = "helm pkg/action/hooks.go"
_BEFORE = ("pre-install", "pre-upgrade")


def hook_runs(upgrade: Upgrade, server: Server, back: Server) -> tuple[Created, ...]:
    """The hooks that the upgrade runs, then those that only a rollback to the before side runs."""
    if not upgrade.before.hooks and not upgrade.after.hooks:
        return ()
    runs: dict[ResourceId, Created] = {}
    there = forward(upgrade, server.cluster.live)
    for event, moment, hook in there.of_hooks():
        if event in _BEFORE:
            refused = too_late(upgrade, hook, server)
        else:
            refused = None
        response = refused or _made(hook, moment, there, server)
        known = runs.get(hook.id)
        if known is None or response.outcome is Outcome.REJECTED:  # two hooks may have one name
            deletes = _deletes_live(hook, upgrade, server)
            runs[hook.id] = Created(hook, Forecast(response), deletes)
    there = backward(upgrade, server.cluster.live)
    for _, moment, hook in there.of_hooks():
        response = _made(hook, moment, there, back)
        runs[hook.id] = _taken_back(hook, response, runs.get(hook.id))
    return tuple(runs.values())


def _taken_back(hook: Resource, response: Answer, run: Created | None) -> Created:
    """A hook of the rollback, which the upgrade may run as well."""
    if run is None:
        return Created(hook, Forecast(None, response))
    if run.after.body != hook.body:
        return run
    return replace(run, forecast=Forecast(run.forecast.upgrade, response))


def _deletes_live(hook: Resource, upgrade: Upgrade, server: Server) -> bool:
    """Whether a live object that the release never made is deleted by its name."""
    if hook.id.kind == "Job" or hook.id in upgrade.before.hooks:
        return False  # finished Jobs are made to be replaced
    if hook.id not in server.cluster.live:
        return False
    known = hook.id in upgrade.before.resources or hook.id in upgrade.after.resources
    return not known and (is_deleted_first(hook) or is_deleted_after(hook))


def stops_all(hook: Created) -> bool:
    """Whether a refused hook ends the upgrade before anything else of it is sent."""
    response = hook.forecast.upgrade
    early = any(event in _BEFORE for event in hook.after.hooks)
    return early and response is not None and response.outcome is Outcome.REJECTED


def left_behind(upgrade: Upgrade, identity: ResourceId) -> Resource | None:
    """What the before side left in the cluster under this identity without Helm's marks: a hook
    that nothing deletes, a definition of crds/."""
    hook = upgrade.before.hooks.get(identity)
    if hook is not None and stays_behind(hook):
        return hook
    return next((crd for crd in upgrade.before.crds if crd.id == identity), None)


def _made(hook: Resource, moment: Moment, there: Moments, server: Server) -> Answer:
    refused = unbuilt(hook, hook=True)
    if refused is not None:
        return refused
    if not is_deleted_first(hook) and there.has(hook.id, moment):
        return _over(hook, moment, there, server)
    response = create(server, hook)[0]
    if response.outcome is not Outcome.ACCEPTED:
        return response
    findings = admission(
        hook, Surroundings(there, server.namespace, server.target.kubernetes), moment
    )
    return answer((*findings, *unanswered(hook, "CREATE", silences(there), there, moment)))


def _over(hook: Resource, moment: Moment, there: Moments, server: Server) -> Answer:
    """The answer where an object of the hook's name is there that Helm does not delete first: a
    POST is refused, an apply changes it."""
    if server.target.apply is Apply.SERVER_SIDE or server.applies_hooks:
        earlier = there.there.hooks.get(hook.id, hook)
        response = _applied(hook, earlier, there.body(hook.id, moment), server)
    else:
        response = answer([_exists(hook)])
    if response.outcome is Outcome.ACCEPTED or not _may_be_gone(hook, there):
        return response
    what = f"whether an earlier upgrade has made the hook {hook.id}, which nothing deletes"
    how = f"kubectl get {named(hook.id)}  # delete it first if it is there and done"
    return answer([Unknown(what, how, TOPIC, "metadata.name")])


def _exists(hook: Resource) -> Cause:
    text = f'{hook.id.kind} "{hook.id.name}" already exists'
    return Cause("metadata.name", "AlreadyExists", text, TOPIC, _SOURCE)


def _applied(hook: Resource, earlier: Resource, present: object, server: Server) -> Answer:
    """The answer to applying a hook over what bears its name; `earlier` is what was applied
    last."""
    sent = as_sent(hook)
    if not isinstance(present, dict):
        return create(server, hook)[0]
    if hook.id in server.cluster.live:
        state = live_state(server, hook, present, sent)
    else:
        state = stored(server, replace(hook, body=present), present)
    return update(server, state, Sent(hook, sent, as_sent(earlier)))[0]


def _may_be_gone(hook: Resource, there: Moments) -> bool:
    """Whether nothing but an earlier run of this hook is in its way, and that run need not have
    been: an installation does not run the hooks of upgrades."""
    if hook.id in there.there.resources or hook.id in there.live:
        return False
    earlier = there.there.hooks.get(hook.id)
    if earlier is None:
        return False
    words = {event.partition("-")[2] for event in earlier.hooks}
    return not {"install", "upgrade"} <= words
