"""Policies that come or change with the upgrade itself: what of it they may still judge.

A policy judges what is sent some seconds after it and its binding. Helm sends them behind nearly
everything (kinds that InstallOrder does not name come last), so that they meet the pods that
controllers make, what is deleted and the hooks after the upgrade; the way back is judged by them
from its first request on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from msgspec.structs import replace

from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.manifests.install import rank
from policylint.kubernetes.policies.model import Source
from policylint.kubernetes.policies.reading import read
from policylint.kubernetes.policies.release import Asked, Judged, Ruling, judge
from policylint.model import Created, Direction, Kept, Manifest, ResourceId, Upgrade

Told = TypeVar("Told")
_GROUP = "admissionregistration.k8s.io"
_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"


def judge_with_own(upgrade: Upgrade, cluster: Cluster, brought: tuple[Source, ...]) -> Judged:
    """Ask the policies that were brought, and those of the release, each from when it is there."""
    there = read((*brought, *_own(upgrade.before)))
    judged = judge(upgrade, cluster, there)
    late = {change.id for change in upgrade.changes if _comes(change)}
    if not late:
        return judged
    afterwards = judge(upgrade, cluster, read((*brought, *_own(upgrade.after))))
    at_once = tuple(ruling for ruling in judged.rulings if not _is_back(ruling))
    later = _later(afterwards.rulings, late, known={_about(ruling) for ruling in at_once})
    return Judged(
        (*at_once, *later),
        _united(judged.untold, afterwards.untold),
        _united(judged.unbound, afterwards.unbound),
    )


def _later(
    rulings: Iterable[Ruling], late: set[ResourceId], known: set[tuple[object, ...]]
) -> Iterator[Ruling]:
    """What the policies of the after side say: all of the way back, and of the upgrade what they
    may meet."""
    for ruling in rulings:
        if _is_back(ruling):
            yield ruling
        elif _about(ruling) not in known and _is_met(ruling, late):
            yield replace(ruling, late=True)


def _united(first: tuple[Told, ...], second: tuple[Told, ...]) -> tuple[Told, ...]:
    return (*first, *(item for item in second if item not in first))


def _own(side: Manifest) -> Iterator[Source]:
    """The policies and bindings of one side of the release."""
    for identity, resource in side.resources.items():
        if identity.group == _GROUP and identity.kind in (_POLICY, _BINDING):
            yield Source(resource.body, resource.origin.file, resource.origin.line)


def _comes(change: object) -> bool:
    """Whether a change is a policy or binding that is new or another afterwards."""
    if not isinstance(change, Created | Kept) or change.id.kind not in (_POLICY, _BINDING):
        return False
    return change.id.group == _GROUP and (isinstance(change, Created) or bool(change.fields))


def _about(ruling: Ruling) -> tuple[object, ...]:
    asked = ruling.asked
    return asked.direction, asked.resource.id, asked.of_pods, ruling.policy.name, ruling.answer


def _is_back(ruling: Ruling) -> bool:
    return ruling.asked.direction is Direction.ROLLBACK


def _is_met(ruling: Ruling, late: set[ResourceId]) -> bool:
    """Whether a policy that comes meets the request: it is sent behind what comes last of it."""
    binding = getattr(ruling.answer, "binding", "")
    names = {_POLICY: ruling.policy.name, _BINDING: binding}
    coming = [kind for kind, name in names.items() if ResourceId(_GROUP, kind, "", name) in late]
    return bool(coming) and _is_sent_after(ruling.asked, coming[-1])


def _is_sent_after(asked: Asked, kind: str) -> bool:
    if asked.of_pods or asked.request.operation == "DELETE":
        return True
    hooks = asked.resource.hooks
    if hooks:
        return any(event.startswith("post-") for event in hooks)
    return rank(asked.resource.id.kind) > rank(kind)
