"""Several releases at once: which objects more than one of them holds in its stored manifest."""

from __future__ import annotations

from msgspec import Struct

from policylint.helm.history.targets import base
from policylint.helm.inputs.revisions import History
from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import ResourceId


class Releases(Struct, frozen=True):
    """Releases of one cluster, read together."""

    histories: tuple[History, ...]


class Claim(Struct, frozen=True):
    """One object that several releases hold."""

    resource: ResourceId
    releases: tuple[History, ...]


def claimed_twice(releases: Releases, minor: str) -> list[Claim]:
    """The objects that the revisions two releases run (or would be upgraded from) both hold, hooks
    left out."""
    holders: dict[ResourceId, list[History]] = {}
    for history in releases.histories:
        revision = base(history)
        if revision is None or not revision.manifest:
            continue
        reader = Reader(history.namespace or "default", schemas(minor))
        for identity in reader.read(
            (Text(f"{history.name} {revision.number}", revision.manifest),)
        ).resources:
            holders.setdefault(identity, []).append(history)
    return [
        Claim(identity, tuple(histories))
        for identity, histories in sorted(holders.items())
        if len(histories) > 1
    ]
