"""The words of a command that name an object, quoted for the shell that they are pasted into."""

from __future__ import annotations

from shlex import quote

from policylint.model import ResourceId


def named(identity: ResourceId, kind: str = "") -> str:
    """An object as kubectl takes it: `deployment web -n prod`; `kind` where it is not the object's
    own in lower case."""
    words = f"{quote(kind or identity.kind.lower())} {quote(identity.name)}"
    return words + in_namespace(identity.namespace)


def in_namespace(namespace: str) -> str:
    """` -n prod`; "" where there is none."""
    if namespace:
        return f" -n {quote(namespace)}"
    return ""
