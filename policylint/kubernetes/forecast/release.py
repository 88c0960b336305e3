"""A whole release, both ways: the upgrade, and the way back from the state that it leaves.

Helm patches object after object and collects the refusals (only a refused creation stops it);
objects that were accepted stay changed. So the rollback of a refused upgrade starts from a
half-applied state.
"""

from __future__ import annotations

from msgspec.structs import replace

from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.reading import part
from policylint.kubernetes.api.schemas import minor_number, schemas
from policylint.kubernetes.forecast.allocations import in_turn
from policylint.kubernetes.forecast.answers import (
    as_sent,
    create,
    is_judged_again,
    live_state,
    removed,
    stored,
    unpatchable,
    update,
    update_marks,
)
from policylint.kubernetes.forecast.applied import reverted, with_losses
from policylint.kubernetes.forecast.between import between
from policylint.kubernetes.forecast.building import twice_named, unbuilt
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.decode import UndecodableError
from policylint.kubernetes.forecast.everywhere import is_there_already
from policylint.kubernetes.forecast.hooks import hook_runs, left_behind, stops_all
from policylint.kubernetes.forecast.impact import KEEP
from policylint.kubernetes.forecast.leftovers import with_leftovers
from policylint.kubernetes.forecast.owners import with_owners
from policylint.kubernetes.forecast.ownership import ownership_conflict
from policylint.kubernetes.forecast.progress import (
    HOOK_LEFT,
    is_refused,
    is_unbuilt,
    never_sent,
)
from policylint.kubernetes.forecast.sending import as_asked, forced
from policylint.kubernetes.forecast.server import ACCEPTED, Sent, Server, State, answer
from policylint.kubernetes.forecast.timing import (
    too_late,
    when_built,
    when_sent,
    when_taken_back,
)
from policylint.kubernetes.forecast.webhooks import with_silent_webhooks
from policylint.kubernetes.manifests.definitions import Definitions
from policylint.kubernetes.manifests.install import UNNAMED_RELEASE
from policylint.kubernetes.manifests.reader import UnreadResource
from policylint.model import (
    Answer,
    Apply,
    Change,
    Created,
    Deleted,
    FieldChange,
    Forecast,
    Kept,
    Object,
    Outcome,
    Resource,
    ResourceId,
    Unknown,
    Upgrade,
)

_FACTS = ("CustomResourceDefinition", "PersistentVolume", "PersistentVolumeClaim", "StorageClass")
"""Kinds that are given for what they tell of others: live objects of these alone are no
inventory."""
_VALUES: frozenset[type] = frozenset({str, int, float, bool})
_MARKS = ("/metadata/labels", "/metadata/annotations")
_MARKED = frozenset(
    {
        "CustomResourceDefinition",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Node",
        "PersistentVolumeClaim",
        "Pod",
        "PriorityLevelConfiguration",
        "Secret",
        "Service",
    }
)
"""Kinds whose annotations the server reads together with the rest."""


_REWRITTEN = frozenset({"Node"})
"""Kinds of which the server may hold another list than the one that was applied: applying that
again is a change."""


def forecast(upgrade: Upgrade, cluster: Cluster | None = None) -> Upgrade:
    """The upgrade with the forecast of every created and kept resource, the way there and the way
    back."""
    cluster = _with_classes(upgrade, cluster or Cluster())
    forward = server_of(upgrade, cluster)
    back = _server(upgrade, cluster, when_taken_back(upgrade, cluster))
    known = (_kept_as_live(change, cluster) for change in upgrade.changes)
    changes = tuple(_both_ways(change, upgrade, forward, back) for change in known)
    changes = between(in_turn(changes, cluster.live), upgrade, cluster)
    changes = with_owners(changes, upgrade, cluster)
    changes = with_silent_webhooks(changes, upgrade, forward)
    hooks = hook_runs(upgrade, forward, back)
    changes = with_leftovers(changes, forward, refused=_fails_on_the_way(changes, hooks))
    changes = _half_applied(changes, hooks)
    return replace(upgrade, changes=changes, hooks=hooks, live=cluster.live)


def _kept_as_live(change: Change, cluster: Cluster) -> Change:
    """A deletion with the keep policy of the live object, where that is given: Helm goes by the
    live annotation (Update of pkg/kube/client.go)."""
    if not isinstance(change, Deleted) or change.id not in cluster.live:
        return change
    policy = part(cluster.live[change.id], "metadata", "annotations").get(KEEP)
    if policy == change.before.annotations.get(KEEP):
        return change
    annotations = {name: text for name, text in change.before.annotations.items() if name != KEEP}
    if policy is not None:
        annotations[KEEP] = policy
    metadata = {**change.before.metadata, "annotations": annotations}
    body = {**change.before.body, "metadata": metadata}
    before = change.before
    return replace(
        change, before=Resource(before.id, before.api_version, body, before.origin, before.hooks)
    )


def _half_applied(changes: tuple[Change, ...], hooks: tuple[Created, ...]) -> tuple[Change, ...]:
    """The changes, knowing what Helm does not come to: what was never sent has nothing to take
    back."""
    unsent = never_sent(changes, hooks)
    return tuple(
        replace(change, forecast=replace(change.forecast, rollback=ACCEPTED))
        if isinstance(change, Kept) and change.id in unsent
        else change
        for change in changes
    )


def _fails_on_the_way(changes: tuple[Change, ...], hooks: tuple[Created, ...]) -> bool:
    """Whether the upgrade stops after Helm has written its revision, and before it deletes
    anything; what cannot be built stops it earlier."""
    if any(map(is_unbuilt, changes)):
        return False
    return any(map(is_refused, changes)) or any(map(stops_all, hooks))


def _get(identity: ResourceId) -> str:
    return f"kubectl get {named(identity)}"


def server_of(upgrade: Upgrade, cluster: Cluster) -> Server:
    """The server that an upgrade is sent to."""
    return _server(upgrade, cluster, when_sent(upgrade, cluster), when_built(upgrade, cluster))


def _server(
    upgrade: Upgrade,
    cluster: Cluster,
    crds: Definitions,
    built: Definitions | None = None,
) -> Server:
    version = upgrade.target.kubernetes
    return Server(
        upgrade.target,
        cluster,
        crds,
        schemas(version),
        minor_number(version),
        built,
        "" if upgrade.release == UNNAMED_RELEASE else upgrade.release,
        upgrade.namespace,
        upgrade.applies_hooks,
    )


def _both_ways(change: Change, upgrade: Upgrade, forward: Server, back: Server) -> Change:
    if isinstance(change, Deleted):
        return change
    refused = unbuilt(change.after) or too_late(upgrade, change.after, forward)
    if refused is None and isinstance(change, Created):
        refused = twice_named(change.after, upgrade.target.helm)
    if refused is not None:
        returned = ACCEPTED if isinstance(change, Kept) else None
        return replace(change, forecast=Forecast(refused, returned))
    sending = upgrade.sendings.get(change.id)
    forward, back = as_asked(forward, sending), as_asked(back, sending)
    if isinstance(change, Created):
        return replace(change, forecast=_created(change, upgrade, forward))
    changed = _kept(change, forward, back)
    return replace(change, forecast=forced(change, sending, changed, forward, back))


def _kept(change: Kept, forward: Server, back: Server) -> Forecast:
    """The answers to a kept resource, the cheapest way that knows them."""
    if not forward.kind_at_build(change.before).served:
        gone = removed(change.before, "current")
        return Forecast(gone, gone)
    if _remembers(change, forward):
        cheap = _without_looking(change, forward)
    else:
        cheap = None
    if cheap is not None:
        return cheap
    try:
        present = _changed(change, forward, back)
    except UndecodableError as error:
        return _unknown_start(change, error)
    return _unless_gone(change, present, forward, back)


def _unless_gone(change: Kept, present: Forecast, forward: Server, back: Server) -> Forecast:
    """The answers, where live objects were given and this one is not among them: Helm makes anew
    what somebody has deleted, and an immutable field is no obstacle then."""
    live = forward.cluster.live
    if change.id in live or all(identity.kind in _FACTS for identity in live):
        return present
    upgraded, state = create(forward, change.after)
    before, after = as_sent(change.before), as_sent(change.after)
    returned = ACCEPTED
    if state is not None:
        returned, _ = update(back, state, Sent(change.before, before, after))
    gone = Unknown(
        f"whether {change.id} is there at all: the live objects that were given do not hold it",
        f"{_get(change.id)} -o yaml  # give it with --live",
        "object-gone",
    )
    return Forecast(
        _if_agreed(present.upgrade, upgraded, gone), _if_agreed(present.rollback, returned, gone)
    )


def _if_agreed(present: Answer | None, made_anew: Answer, unknown: Unknown) -> Answer | None:
    if present is None or present.outcome is made_anew.outcome:
        return present
    return Answer(Outcome.DEPENDS, unknowns=(unknown,))


def _without_looking(change: Kept, server: Server) -> Forecast | None:
    """The answers where nothing but labels and annotations can differ; None where more can."""
    unchanged, marks = _unchanged(change), _only_marks(change)
    if not unchanged and not marks:
        return None
    refused = unpatchable(server, change.after)
    if refused is not None:
        return Forecast(refused, refused)
    kind = server.kind(change.after)
    if unchanged and not is_judged_again(server, kind):
        return _untouched(change, server)
    if kind.builtin:
        return Forecast(update_marks(server, change.after), ACCEPTED)
    return None


def _unknown_start(change: Kept, error: UndecodableError) -> Forecast:
    """The answers where the old manifest or the given live object is none that a server can
    hold."""
    what = (
        f"what the cluster holds as {change.id}, for the old manifest is not what any server "
        f"stores: {error}"
    )
    how = f"{_get(change.id)} -o yaml  # give it with --live"
    unknown = Answer(Outcome.DEPENDS, unknowns=(Unknown(what, how, "invalid-object"),))
    return Forecast(unknown, unknown)


def _created(change: Created, upgrade: Upgrade, server: Server) -> Forecast:
    """The forecast of a creation; an object that is there already is imported into the release, or
    is in its way."""
    live, target = server.cluster.live.get(change.id), server.target
    if live is None:
        left = left_behind(upgrade, change.id)
    else:
        left = None
    there = live if left is None else as_sent(left)
    if there is None:
        return _made(change, server)
    conflict = None
    if not target.take_ownership:
        marks = (server.release, server.namespace)
        conflict = ownership_conflict(change.id, there, target.helm, *marks)
    if conflict is not None:
        hooked = left is not None and left.is_hook
        return Forecast(_of_a_hook(conflict) if hooked else conflict)
    sent = as_sent(change.after)
    state = live_state(server, change.after, there, sent)
    return Forecast(update(server, state, Sent(change.after, sent, sent))[0])


def _made(change: Created, server: Server) -> Forecast:
    """The forecast of an object that is not there, as far as anybody knows."""
    made, created = create(server, change.after)
    outcome = Forecast(made)
    if created is None or made.outcome is not Outcome.ACCEPTED:
        return outcome
    if not server.target.take_ownership and is_there_already(change.id, server.namespace):
        return Forecast(_unmarked(change))
    kept = server.cluster.kept.get(change.id)
    if kept is not None:
        refused = _over_kept(change, kept, server)
        if refused is not None:
            return Forecast(refused)
    return with_losses(outcome, server, change.after, as_sent(change.after), created)


def _unmarked(change: Created) -> Answer:
    """What is asked of an object that is in the cluster before the release is."""
    what = (
        f"whether {change.id}, which is there before anything of a release is sent, carries the"
        " labels and annotations of this one: without them Helm does not take it over"
    )
    how = f"{_get(change.id)} -o yaml  # give it with --live, or leave it out"
    return answer([Unknown(what, how, "ownership-conflict")])


def _over_kept(change: Created, kept: Resource, server: Server) -> Answer | None:
    """What is asked where the object that an earlier revision kept, if nobody has deleted it since,
    refuses to become the new one: Helm takes it back into the release by an update."""
    sent = as_sent(change.after)
    state = replace(stored(server, kept, as_sent(kept)), assumed=False)
    response = update(server, state, Sent(change.after, sent, sent))[0]
    if response.outcome is not Outcome.REJECTED:
        return None
    how = f"{_get(change.id)} -o yaml  # give it with --live"
    return answer(
        Unknown(
            f"whether {change.id} is still there, which an earlier revision left in the cluster"
            f" ({KEEP}: keep): {cause.field}: {cause.message}",
            how,
            cause.topic,
            cause.field,
        )
        for cause in response.causes
    )


def _of_a_hook(conflict: Answer) -> Answer:
    """The same refusal, explained by what the hook of an earlier revision left behind."""
    causes = tuple(replace(cause, topic=HOOK_LEFT) for cause in conflict.causes)
    return replace(conflict, causes=causes)


def _changed(change: Kept, forward: Server, back: Server) -> Forecast:
    """The answers to an update and to the one that takes it back."""
    before, after = as_sent(change.before), as_sent(change.after)
    start = _live(forward, change.before, before)
    upgraded, state = update(forward, start, Sent(change.after, after, before))
    way_back = Sent(change.before, before, after, start.live, _only_values(change))
    returned, _ = update(back, state, way_back)
    if upgraded.outcome is Outcome.DEPENDS:
        returned = _either(upgraded, returned, update(back, start, way_back)[0])
    outcome = Forecast(upgraded, returned)
    if upgraded.outcome is not Outcome.ACCEPTED:
        return outcome
    outcome = replace(outcome, reverted=reverted(forward, change, start, state))
    return with_losses(outcome, forward, change.after, after, state, change)


def _only_values(change: Kept) -> bool:
    """Whether the sides differ in nothing but plain values that both have."""
    same_version = change.before.api_version == change.after.api_version
    return same_version and all(map(_is_value, change.fields))


def _is_value(field: FieldChange) -> bool:
    """Whether a field changes from one text or number to another, an empty text being none."""
    return (
        field.op == "replace"
        and {type(field.before), type(field.after)} <= _VALUES
        and "" not in (field.before, field.after)
    )


def _either(upgraded: Answer, after_success: Answer, after_refusal: Answer) -> Answer:
    """The way back where the upgrade may or may not be refused: known only if it is the same either
    way."""
    if after_success.outcome is after_refusal.outcome:
        return after_success
    return Answer(Outcome.DEPENDS, unknowns=upgraded.unknowns)


def _untouched(change: Kept, server: Server) -> Forecast:
    """The server has accepted this very object before; only a removed API version can come
    between."""
    kind = server.kind(change.after)
    if kind.served:
        return Forecast(ACCEPTED, ACCEPTED)
    refused = create(server, change.after)[0]
    return Forecast(refused, refused)


def _remembers(change: Kept, server: Server) -> bool:
    """Whether an equal manifest changes nothing: not where it replaces the live object, where that
    one is given, or where the server holds another."""
    if change.id.kind in _REWRITTEN or change.id in server.cluster.live:
        return False
    return server.target.apply is not Apply.REPLACE


def _only_marks(change: Kept) -> bool:
    """Whether only labels and annotations of the object itself differ, and nothing but their form
    matters."""
    forms = _MARKS[:1] if change.id.kind in _MARKED else _MARKS
    return bool(change.fields) and all(field.path.startswith(forms) for field in change.fields)


def _unchanged(change: Kept) -> bool:
    if change.before is change.after:
        return True
    if change.fields or change.before.api_version != change.after.api_version:
        return False
    unread = isinstance(change.before, UnreadResource) and isinstance(change.after, UnreadResource)
    return unread or change.before.body == change.after.body


def _live(server: Server, before: Resource, sent: Object) -> State:
    """The live object: the given one, else the one that the old manifest leaves."""
    live = server.cluster.live.get(before.id)
    if live is None:
        return stored(server, before, sent)
    return live_state(server, before, live, sent)


def _with_classes(upgrade: Upgrade, cluster: Cluster) -> Cluster:
    """The cluster, knowing the storage classes of the release itself too."""
    classes = {
        resource.id.name: resource.body
        for side in (upgrade.before, upgrade.after)
        for resource in side.resources.values()
        if resource.id.kind == "StorageClass"
    }
    if classes:
        return replace(cluster, storage_classes={**classes, **cluster.storage_classes})
    return cluster
