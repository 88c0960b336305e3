"""A release as Argo CD applies it: its hooks, and objects with sync options of their own.

Argo CD maps Helm's hooks to phases of a sync, unless an object has Argo CD's own annotation. In a
sync all of PreSync, Sync and PostSync runs; taking a change back is a sync as well. Sources:
gitops-engine/pkg/sync of argoproj/argo-cd: hook/hook.go, hook/delete_policy.go, hook/helm/type.go,
applyObject and shouldUseServerSideApply of sync_context.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from policylint.kubernetes.manifests.hookorder import POLICY, WEIGHT
from policylint.kubernetes.manifests.reader import HOOK, manifest_of
from policylint.model import (
    Apply,
    Change,
    Created,
    Deleted,
    Manifest,
    Resource,
    ResourceId,
    Sending,
    Target,
)
from policylint.scan.gitops.rollout import OWN_HOOK, SYNC_OPTIONS, words_of

_OWN_POLICY = "argocd.argoproj.io/hook-delete-policy"
_WAVE = "argocd.argoproj.io/sync-wave"
_BEFORE = ("pre-install", "pre-upgrade", "pre-rollback")
_AFTER = ("post-install", "post-upgrade", "post-rollback")
_NEVER = ("test",)
"""An event that no sync has."""
_PHASES = {"PreSync": _BEFORE, "Sync": _AFTER, "PostSync": _AFTER, "SyncFail": _NEVER}
"""Helm's events at which a hook of a phase is made; in Sync it is made among the objects."""
_POLICIES = {
    "BeforeHookCreation": "before-hook-creation",
    "HookSucceeded": "hook-succeeded",
    "HookFailed": "hook-failed",
}
_ORDINARY = ("crd-install",)
"""The hook of Helm 2 that is none to Argo CD."""
_MAPPED = {
    "pre-install": _BEFORE,
    "pre-upgrade": _BEFORE,
    "post-install": _AFTER,
    "post-upgrade": _AFTER,
}


def as_synced(side: Manifest) -> Manifest:
    """A side with the hooks that Argo CD makes of it, by Helm's words for them."""
    every = (*side.resources.values(), *side.hooks.values(), *side.duplicates, *side.skipped)
    return replace(manifest_of(map(_as_synced, every)), crds=side.crds)


def _as_synced(resource: Resource) -> Resource:
    if not resource.is_hook and not resource.may_hold((OWN_HOOK,)):
        return resource
    if OWN_HOOK in resource.annotations:
        return _of_own(resource)
    if not resource.is_hook:
        return resource
    if resource.hooks == _ORDINARY:
        return _with(resource, ())
    return _with(resource, _events(resource.hooks, _MAPPED) or _NEVER)


def _of_own(resource: Resource) -> Resource:
    """An object with Argo CD's annotation: one that is skipped, or that no phase makes, is not
    sent."""
    own, helms = (words_of(resource.annotations, name) for name in (OWN_HOOK, HOOK))
    events = _events(own, _PHASES) or _events(helms, _MAPPED) or ("skip",)
    words = {HOOK: ",".join(events)}
    policies = [
        _POLICIES[word] for word in words_of(resource.annotations, _OWN_POLICY) if word in _POLICIES
    ]
    if policies:
        words[POLICY] = ",".join(policies)
    if _WAVE in resource.annotations:
        words[WEIGHT] = str(resource.annotations[_WAVE])
    metadata = {**resource.metadata, "annotations": {**resource.annotations, **words}}
    body = {**resource.body, "metadata": metadata}
    return Resource(resource.id, resource.api_version, body, resource.origin, events)


def _with(resource: Resource, events: tuple[str, ...]) -> Resource:
    return Resource(resource.id, resource.api_version, resource.body, resource.origin, events)


def _events(words: Iterable[str], table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The events of all words that the table knows, each once."""
    return tuple(dict.fromkeys(event for word in words for event in table.get(word, ())))


def sendings(changes: Iterable[Change], target: Target) -> dict[ResourceId, Sending]:
    """The objects that sync options of their own send otherwise; those of the live object count
    as well."""
    own: dict[ResourceId, Sending] = {}
    for change in changes:
        options = {
            option for side in _sides(change) for option in words_of(side.annotations, SYNC_OPTIONS)
        }
        sending = _sending(change, options, target)
        if sending != Sending(target.apply):
            own[change.id] = sending
    return own


def _sides(change: Change) -> tuple[Resource, ...]:
    if isinstance(change, Deleted):
        return ()
    sides = (change.after,) if isinstance(change, Created) else (change.before, change.after)
    return tuple(side for side in sides if side.may_hold((SYNC_OPTIONS,)))


def _sending(change: Change, options: set[str], target: Target) -> Sending:
    if target.apply is Apply.REPLACE or "Replace=true" in options:
        apply = Apply.REPLACE
    elif "ServerSideApply=false" in options:
        apply = Apply.CLIENT_SIDE
    elif "ServerSideApply=true" in options:
        apply = Apply.SERVER_SIDE
    else:
        apply = target.apply
    can_force = apply is not Apply.SERVER_SIDE and not _is_updated(change, apply)
    if can_force and "Force=true" in options:
        return Sending(apply, "Force=true")
    return Sending(apply)


def _is_updated(change: Change, apply: Apply) -> bool:
    """Whether replacing it is a plain update, so that what hangs on it stays."""
    return apply is Apply.REPLACE and change.id.kind in ("CustomResourceDefinition", "Namespace")
