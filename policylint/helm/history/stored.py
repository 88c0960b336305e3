"""What a stored manifest holds: APIs that a cluster does not serve, and differences from another
side."""

from __future__ import annotations

from policylint.helm.inputs.revisions import Revision
from policylint.kubernetes.api.apis import State, status
from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.kyaml.load import split
from policylint.model import Json, ResourceId, Upgrade


def unserved(revision: Revision, minor: str) -> list[str]:
    """The API versions and kinds of a revision's manifest and hooks that Kubernetes 1.X has
    removed.

    Custom resources are left out: nobody knows here what their definitions serve.
    """
    removed: dict[str, None] = {}
    for text in (revision.manifest, *(str(hook.get("manifest", "")) for hook in revision.hooks)):
        for document in split(text, f"revision {revision.number}"):
            version, kind = _type(document.body())
            known = status(version, kind, minor)
            if known.state is State.REMOVED and not known.custom:
                removed[f"{version} {kind}"] = None
    return list(removed)


def drift(revision: Revision, upgrade: Upgrade) -> list[ResourceId]:
    """The objects in which a revision's manifest and the before side of an upgrade differ."""
    reader = Reader(upgrade.namespace, schemas(upgrade.target.kubernetes))
    stored = reader.read((Text(f"revision {revision.number}", revision.manifest),)).resources
    before = upgrade.before.resources
    return sorted(
        identity
        for identity in {*stored, *before}
        if identity not in stored
        or identity not in before
        or stored[identity].body != before[identity].body
    )


def _type(body: Json) -> tuple[str, str]:
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("apiVersion", "")), str(body.get("kind", ""))
