"""Policies of the release and of the cluster, each from when it is there.

Those of the before side, hooks that nothing deleted, and the given live ones judge everything. One
that comes or changes with the upgrade judges what is sent some seconds after it and its binding.
Helm sends them behind nearly everything (kinds that InstallOrder does not name come last), so that
they meet the pods that controllers make, what is deleted and the hooks after the upgrade; a hook
before the upgrade meets all of it. The way back is judged by them from its first request on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from msgspec.structs import replace

from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.moments import Moment, Moments, forward
from policylint.kubernetes.manifests.hookorder import stays_behind
from policylint.kubernetes.policies.model import Source
from policylint.kubernetes.policies.reading import read
from policylint.kubernetes.policies.release import Asked, Judged, Ruling, judge
from policylint.model import Created, Direction, Kept, Object, Resource, ResourceId, Upgrade

Told = TypeVar("Told")
_GROUP = "admissionregistration.k8s.io"
_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"


def is_policy(identity: ResourceId) -> bool:
    """Whether an object is a policy of the API server or its binding."""
    return identity.group == _GROUP and identity.kind in (_POLICY, _BINDING)


def judge_with_own(upgrade: Upgrade, cluster: Cluster, brought: tuple[Source, ...]) -> Judged:
    """Ask the policies that were brought, and those of the release, each from when it is there."""
    moments = forward(upgrade, cluster.live)
    before, after = upgrade.before.resources, upgrade.after.resources
    left = (*brought, *_own(filter(stays_behind, upgrade.before.hooks.values())))
    live = {identity: body for identity, body in cluster.live.items() if is_policy(identity)}
    there = (*left, *_own(before.values()), *_live(live))
    judged = judge(upgrade, cluster, read(there))
    late = _coming(upgrade, moments)
    if not late:
        return judged
    staying = {identity: live[identity] for identity in live if identity not in before}
    hooks = (hook for _, _, hook in moments.of_hooks())
    then = (*left, *_live(staying), *_own((*after.values(), *hooks)))
    afterwards = judge(upgrade, cluster, read(then))
    at_once = tuple(ruling for ruling in judged.rulings if not _is_back(ruling))
    known = {_about(ruling) for ruling in at_once}
    return Judged(
        (*at_once, *_later(afterwards.rulings, late, moments, known)),
        _united(judged.untold, afterwards.untold),
        _united(judged.unbound, afterwards.unbound),
    )


def _later(
    rulings: Iterable[Ruling],
    late: Mapping[ResourceId, Moment],
    moments: Moments,
    known: set[tuple[object, ...]],
) -> Iterator[Ruling]:
    """What the policies of the after side say: all of the way back, and of the upgrade what they
    may meet."""
    for ruling in rulings:
        if _is_back(ruling):
            yield ruling
        elif _about(ruling) not in known and _is_met(ruling, late, moments):
            yield replace(ruling, late=True)


def _united(first: tuple[Told, ...], second: tuple[Told, ...]) -> tuple[Told, ...]:
    return (*first, *(item for item in second if item not in first))


def _own(resources: Iterable[Resource]) -> tuple[Source, ...]:
    """The policies and bindings among the resources of the release."""
    return tuple(
        Source(resource.body, resource.origin.file, resource.origin.line)
        for resource in resources
        if is_policy(resource.id)
    )


def _live(policies: Mapping[ResourceId, Object]) -> tuple[Source, ...]:
    return tuple(Source(body, "") for body in policies.values())


def _coming(upgrade: Upgrade, moments: Moments) -> dict[ResourceId, Moment]:
    """When the policies and bindings are sent that are new or others afterwards."""
    coming = {
        change.id: moments.of_resource(change.id)
        for change in upgrade.changes
        if is_policy(change.id) and _comes(change)
    }
    for _, moment, hook in moments.of_hooks():
        if is_policy(hook.id):
            coming[hook.id] = moment
    return coming


def _comes(change: object) -> bool:
    return isinstance(change, Created) or (isinstance(change, Kept) and bool(change.fields))


def _about(ruling: Ruling) -> tuple[object, ...]:
    asked = ruling.asked
    return asked.direction, asked.resource.id, asked.of_pods, ruling.policy.name, ruling.answer


def _is_back(ruling: Ruling) -> bool:
    return ruling.asked.direction is Direction.ROLLBACK


def _is_met(ruling: Ruling, late: Mapping[ResourceId, Moment], moments: Moments) -> bool:
    """Whether a policy that comes meets the request: it is sent behind what comes last of it."""
    binding = getattr(ruling.answer, "binding", "")
    names = {_POLICY: ruling.policy.name, _BINDING: binding}
    identities = [ResourceId(_GROUP, kind, "", name) for kind, name in names.items()]
    coming = [late[identity] for identity in identities if identity in late]
    return bool(coming) and _is_sent_after(ruling.asked, max(coming), moments)


def _is_sent_after(asked: Asked, moment: Moment, moments: Moments) -> bool:
    if asked.of_pods or asked.request.operation == "DELETE":
        return True
    if not asked.resource.is_hook:
        return moments.of_resource(asked.resource.id) > moment
    runs = [run for _, run, hook in moments.of_hooks() if hook.id == asked.resource.id]
    return any(run > moment for run in runs)
