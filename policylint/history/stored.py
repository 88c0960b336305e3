"""What a stored manifest holds: APIs that a cluster does not serve, and differences from another side."""

from __future__ import annotations

from policylint.history.model import Revision
from policylint.kyaml import split
from policylint.manifest import Reader, Text
from policylint.model import Json, ResourceId, Upgrade
from policylint.schemas import schemas

REMOVED_GROUPS = frozenset({"extensions"})
"""Built-in groups of which nothing is served any more."""


def unserved(revision: Revision, minor: str) -> list[str]:
    """The API versions and kinds of a revision's manifest and hooks that Kubernetes 1.X does not serve.

    Groups that Kubernetes itself does not publish belong to CRDs and are left out: nobody knows here what they serve.
    """
    published = schemas(minor)
    groups = {group for group, _ in published.kinds()} | REMOVED_GROUPS
    found: dict[str, None] = {}
    for text in (revision.manifest, *(str(hook.get("manifest", "")) for hook in revision.hooks)):
        for document in split(text, f"revision {revision.number}"):
            version, kind = _type(document.body())
            group = version.rpartition("/")[0]
            if kind and group in groups and not published.served(version, kind):
                found[f"{version} {kind}"] = None
    return list(found)


def drift(revision: Revision, upgrade: Upgrade) -> list[ResourceId]:
    """The objects in which a revision's manifest and the before side of an upgrade differ."""
    reader = Reader(upgrade.namespace, schemas(upgrade.target.kubernetes))
    stored = reader.read((Text(f"revision {revision.number}", revision.manifest),)).resources
    before = upgrade.before.resources
    return sorted(
        identity
        for identity in {*stored, *before}
        if identity not in stored or identity not in before or stored[identity].body != before[identity].body
    )


def _type(body: Json) -> tuple[str, str]:
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("apiVersion", "")), str(body.get("kind", ""))
