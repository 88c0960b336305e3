"""The hooks of a manifest: in which order Helm runs them, and when it deletes what they made.

Source: SortManifests of helm pkg/release/v1/util and execHook of pkg/action/hooks.go, Helm 3.22 and
4.3.
"""

from __future__ import annotations

from policylint.kubernetes.manifests.install import rank
from policylint.model import Manifest, Resource, Upgrade

POLICY = "helm.sh/hook-delete-policy"
WEIGHT = "helm.sh/hook-weight"
MADE = frozenset({"pre-install", "post-install", "pre-upgrade", "post-upgrade"})
"""Events after which a hook's object is in the cluster."""
_LARGEST = 2**63 - 1


def delete_policies(hook: Resource) -> frozenset[str]:
    """When Helm deletes a hook's object: before it is made again, where the annotation is missing;
    an empty one is a policy that deletes nothing."""
    if POLICY not in hook.annotations:
        return frozenset({"before-hook-creation"})
    words = str(hook.annotations[POLICY] or "").split(",")
    return frozenset(word.strip().lower() for word in words)


def is_deleted_first(hook: Resource) -> bool:
    """Whether Helm deletes what has the hook's kind and name before it makes the hook; it never
    deletes a definition."""
    if hook.id.kind == "CustomResourceDefinition":
        return False
    return "before-hook-creation" in delete_policies(hook)


def is_deleted_after(hook: Resource) -> bool:
    """Whether Helm deletes what has the hook's kind and name when the hooks of its event have
    run."""
    if hook.id.kind == "CustomResourceDefinition":
        return False
    return "hook-succeeded" in delete_policies(hook)


def weight(hook: Resource) -> int:
    """Its weight; 0 where none, or no number that Go reads as an int, is given."""
    text = str(hook.annotations.get(WEIGHT, "0"))
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not digits.isascii() or not digits.isdigit():
        return 0
    number = int(text) if len(digits) < 20 else _LARGEST + 1
    if abs(number) <= _LARGEST:
        return number
    return 0


def every_hook(manifest: Manifest) -> tuple[Resource, ...]:
    """The hooks of a side; two of one name may have different events."""
    again = (resource for resource in manifest.duplicates if resource.is_hook)
    return (*manifest.hooks.values(), *again)


def in_order(manifest: Manifest, event: str) -> tuple[Resource, ...]:
    """The hooks of an event as Helm runs them: by weight, then by name, then by kind."""
    hooks = [hook for hook in every_hook(manifest) if event in hook.hooks]
    return tuple(sorted(hooks, key=lambda hook: (weight(hook), hook.id.name, rank(hook.id.kind))))


def events_of(upgrade: Upgrade) -> tuple[str, str]:
    """The events before and after this change: of an installation where there is no before side."""
    if upgrade.before.resources or upgrade.before.hooks:
        word = "upgrade"
    else:
        word = "install"
    return f"pre-{word}", f"post-{word}"


def stays_behind(hook: Resource) -> bool:
    """Whether the hook of an earlier revision ran and nothing deletes it then; a finished Job may
    go by itself."""
    spec = hook.body.get("spec")
    expires = isinstance(spec, dict) and "ttlSecondsAfterFinished" in spec
    return bool(MADE & set(hook.hooks)) and not is_deleted_after(hook) and not expires
