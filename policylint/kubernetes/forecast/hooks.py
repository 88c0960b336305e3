"""Hooks: objects that Helm creates beside the release, in the order of events and weights.

A hook is not patched: what bears its name is deleted (unless its policies say otherwise), and it is
created. A refused one ends the upgrade: before anything else is sent where it runs first. Source:
execHook of helm pkg/action/hooks.go, Helm 3.22 and 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.forecast.answers import create
from policylint.kubernetes.forecast.building import unbuilt
from policylint.kubernetes.forecast.server import Server, answer
from policylint.kubernetes.forecast.timing import too_late
from policylint.kubernetes.manifests.install import rank
from policylint.model import (
    Answer,
    Apply,
    Cause,
    Created,
    Forecast,
    Manifest,
    Outcome,
    Resource,
    ResourceId,
    Upgrade,
)

POLICY = "helm.sh/hook-delete-policy"
WEIGHT = "helm.sh/hook-weight"
TOPIC = "hook-refused"
_MADE = {"pre-install", "post-install", "pre-upgrade", "post-upgrade"}
"""Events after which a hook's object is in the cluster."""
_ROLLBACK = ("pre-rollback", "post-rollback")


def delete_policies(hook: Resource) -> frozenset[str]:
    """When Helm deletes a hook's object: before it is made again, where nothing is said."""
    words = str(hook.annotations.get(POLICY, "")).lower().split(",")
    policies = frozenset(word.strip() for word in words) - {""}
    return policies or frozenset({"before-hook-creation"})


def weight(hook: Resource) -> int:
    """Its weight; 0 where none, or no number, is given."""
    text = str(hook.annotations.get(WEIGHT, "0"))
    digits = text.removeprefix("-").removeprefix("+")
    return int(text) if digits.isascii() and digits.isdigit() else 0


def in_order(manifest: Manifest, event: str) -> tuple[Resource, ...]:
    """The hooks of an event as Helm runs them: by weight, then by name, then by kind."""
    hooks = [hook for hook in manifest.hooks.values() if event in hook.hooks]
    return tuple(sorted(hooks, key=lambda hook: (weight(hook), hook.id.name, rank(hook.id.kind))))


def events_of(upgrade: Upgrade) -> tuple[str, str]:
    """The events before and after this change: of an installation where there is no before side."""
    word = "upgrade" if upgrade.before.resources or upgrade.before.hooks else "install"
    return f"pre-{word}", f"post-{word}"


def hook_runs(upgrade: Upgrade, forward: Server, back: Server) -> tuple[Created, ...]:
    """The hooks that the upgrade runs, then those that only a rollback to the before side runs."""
    runs: dict[ResourceId, Created] = {}
    for event in events_of(upgrade):
        there = upgrade.before if event.startswith("pre-") else upgrade.after
        for hook in in_order(upgrade.after, event):
            refused = too_late(upgrade, hook, forward) if event.startswith("pre-") else None
            said = refused or _made(hook, there, upgrade, forward)
            runs.setdefault(hook.id, Created(hook, Forecast(said)))
    for event in _ROLLBACK:
        for hook in in_order(upgrade.before, event):
            said = _made(hook, upgrade.after, upgrade, back)
            if hook.id not in runs:
                runs[hook.id] = Created(hook, Forecast(None, said))
    return tuple(runs.values())


def stops_all(hook: Created) -> bool:
    """Whether a refused hook ends the upgrade before anything else of it is sent."""
    said = hook.forecast.upgrade
    early = any(event in ("pre-install", "pre-upgrade") for event in hook.after.hooks)
    return early and said is not None and said.outcome is Outcome.REJECTED


def left_behind(upgrade: Upgrade, identity: ResourceId) -> Resource | None:
    """What the before side left in the cluster under this identity without Helm's marks: a hook
    that nothing deletes, a definition of crds/."""
    hook = upgrade.before.hooks.get(identity)
    if hook is not None and _stays(hook):
        return hook
    return next((crd for crd in upgrade.before.crds if crd.id == identity), None)


def _stays(hook: Resource) -> bool:
    """Whether it ran and nothing deletes it then; a finished Job may go by itself."""
    spec = hook.body.get("spec")
    ttl = isinstance(spec, dict) and "ttlSecondsAfterFinished" in spec
    return (
        bool(_MADE & set(hook.hooks)) and "hook-succeeded" not in delete_policies(hook) and not ttl
    )


def _made(hook: Resource, there: Manifest, upgrade: Upgrade, server: Server) -> Answer:
    refused = unbuilt(hook, hook=True)
    if refused is not None:
        return refused
    in_the_way = list(_in_the_way(hook, there, upgrade, server))
    return answer(in_the_way) if in_the_way else create(server, hook)[0]


def _in_the_way(
    hook: Resource, there: Manifest, upgrade: Upgrade, server: Server
) -> Iterator[Cause]:
    """An object of the hook's name that Helm does not delete first: a POST is refused then, an
    apply takes it over."""
    if server.target.apply is Apply.SERVER_SIDE or _is_deleted_first(hook):
        return
    earlier = upgrade.before.hooks.get(hook.id)
    definition = hook.id.kind == "CustomResourceDefinition"
    stays = definition and earlier is not None and bool(_MADE & set(earlier.hooks))
    if hook.id in there.resources or hook.id in server.cluster.live or stays:
        text = f'{hook.id.kind} "{hook.id.name}" already exists'
        yield Cause("metadata.name", "AlreadyExists", text, TOPIC, "helm pkg/action/hooks.go")


def _is_deleted_first(hook: Resource) -> bool:
    """Helm never deletes a definition."""
    if hook.id.kind == "CustomResourceDefinition":
        return False
    return "before-hook-creation" in delete_policies(hook)
