"""Metadata that an update may not touch: what the server wrote, and an object that is going.

Source: k8s.io/apimachinery pkg/api/validation ValidateObjectMetaAccessorUpdate and
ValidateFinalizersUpdate paths of registry/rest BeforeUpdate; the optimistic lock of the store; the
check of managed fields in the apply handler. Recorded in attack-texts and attack-states.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policylint.kubernetes.api.fielderrors import IMMUTABLE_FIELD, forbidden, invalid
from policylint.kubernetes.api.reading import items, part
from policylint.kubernetes.forecast.server import Server
from policylint.model import Apply, Cause, Object
from policylint.runtime.patterns import pattern

TOPIC = "invalid-object"
_SOURCE = "k8s.io/apimachinery pkg/api/validation ValidateObjectMetaUpdate"
_IMMUTABLE = ("uid", "deletionTimestamp", "deletionGracePeriodSeconds")
_WHOLE = pattern(r"[0-9]+")
_MODIFIED = (
    "Operation cannot be fulfilled: the object has been modified; please apply your changes to the "
    "latest version and try again"
)


def metadata_refusals(server: Server, live: Object, sent: Object) -> Iterator[Cause]:
    """What the server refuses of the metadata of an update, as the client has sent it."""
    old, new = part(live, "metadata"), part(sent, "metadata")
    for name in _IMMUTABLE:
        if new.get(name) is not None and new[name] != old.get(name):
            field = f"metadata.{name}"
            yield invalid(
                field,
                new[name],
                "field is immutable",
                minor=server.minor,
                source=_SOURCE,
                topic=IMMUTABLE_FIELD,
            )
    version = new.get("resourceVersion")
    if version and version != old.get("resourceVersion"):
        yield Cause("metadata.resourceVersion", "Conflict", _MODIFIED, TOPIC, "etcd3 store")
    yield from _managed(server, new)
    yield from _new_finalizers(old, new)


def creation_refusals(server: Server, sent: Object) -> Iterator[Cause]:
    """What server-side apply refuses of the metadata of a new object; a POST passes over it, and
    the clients of both Helm lines take a version out of it before."""
    if server.target.apply is not Apply.SERVER_SIDE:
        return
    new = part(sent, "metadata")
    yield from _managed(server, new)
    uid, version = new.get("uid"), new.get("resourceVersion")
    if uid:
        text = f"uid mismatch: the provided object specified uid {uid}, and no existing object"
        yield Cause("metadata.uid", "Conflict", f"{text} was found", TOPIC, "the apply handler")
    if isinstance(version, str) and version and not _WHOLE.fullmatch(version):
        text = f'strconv.ParseUint: parsing "{version}": invalid syntax'
        yield Cause("metadata.resourceVersion", "BadRequest", text, TOPIC, "the apply handler")


def _managed(server: Server, new: Mapping[str, Any]) -> Iterator[Cause]:
    if new.get("managedFields") is not None and server.target.apply is Apply.SERVER_SIDE:
        text = "metadata.managedFields must be nil"
        yield Cause("metadata.managedFields", "BadRequest", text, TOPIC, "the apply handler")


def _new_finalizers(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    """An object that is being deleted only loses finalizers."""
    known = items(old.get("finalizers"))
    added = [name for name in items(new.get("finalizers")) if name not in known]
    if old.get("deletionTimestamp") and added:
        names = ", ".join(f'"{name}"' for name in added)
        text = "no new finalizers can be added if the object is being deleted, found new finalizers"
        text += f" []string{{{names}}}"
        yield forbidden("metadata.finalizers", text, TOPIC, _SOURCE)
