"""The words of a command that name an object, quoted for the shell that they are pasted into."""

from __future__ import annotations

from functools import cache
from shlex import quote

from policylint.kubernetes.api.apis import builtin
from policylint.kubernetes.api.schemas import group_of
from policylint.model import ResourceId


def named(identity: ResourceId, kind: str = "") -> str:
    """An object as kubectl takes it: `deployment web -n prod`; `kind` where it is called otherwise
    there."""
    words = f"{quote(kind or kubectl_kind(identity.group, identity.kind))} {quote(identity.name)}"
    return words + in_namespace(identity.namespace)


def kubectl_kind(group: str, kind: str) -> str:
    """A kind as kubectl takes it: in lower case, a custom one with its group. Without it kubectl
    takes another group's kind of the same name: the core Service for Knative's."""
    if not group or (group, kind) in _builtin():
        return kind.lower()
    return f"{kind.lower()}.{group}"


@cache
def _builtin() -> frozenset[tuple[str, str]]:
    return frozenset((group_of(version), kind) for version, kind in builtin())


def in_namespace(namespace: str) -> str:
    """` -n prod`; "" where there is none."""
    if namespace:
        return f" -n {quote(namespace)}"
    return ""
