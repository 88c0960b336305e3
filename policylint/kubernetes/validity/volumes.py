"""Volumes of a pod: exactly one source each, and what each source needs."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    required,
)
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import fields, has, items, many, number, text
from policylint.kubernetes.validity.formats import backsteps, dns_label, plain_path
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

_SOURCES = (
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
)
"""In the order in which the server looks: the first one stands, the others are too many."""

_SHORTEST_TOKEN = 600
_LONGEST_TOKEN = 1 << 32


def volumes(
    spec: Object, at: str, assumed: frozenset[str]
) -> tuple[dict[str, Object], list[Cause]]:
    """A pod's volumes by name, and their errors; `assumed` are names that claim templates give and
    so override."""
    found: dict[str, Object] = {name: {"persistentVolumeClaim": {}} for name in assumed}
    errors: list[Cause] = []
    for path, volume in items(spec, "volumes", at):
        name = text(volume, "name")
        if name in assumed:
            continue
        own = list(_one_source(volume, path))
        own.extend(
            each_invalid(f"{path}.name", name, dns_label(name))
            if name
            else [required(f"{path}.name")]
        )
        if name in found:
            own.append(duplicate(f"{path}.name", name))
        errors += own
        if not own:
            found[name] = volume
    return found, errors


def _one_source(volume: Object, at: str) -> Iterator[Cause]:
    given = [name for name in _SOURCES if has(volume, name)]
    for name in given[1:]:
        yield forbidden(f"{at}.{name}", "may not specify more than 1 volume type")


def host_path(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a path on the node."""
    yield from each_invalid(f"{at}.path", text(value, "path"), backsteps(text(value, "path")))


def nfs(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an NFS volume."""
    if not text(value, "path").startswith("/"):
        yield invalid(f"{at}.path", text(value, "path"), "must be an absolute path")


def empty_dir(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an emptyDir volume."""
    amount = parse_quantity(value.get("sizeLimit"))
    if amount is not None and amount < 0:
        yield forbidden(f"{at}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def key_to_path(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a file made of a key, or of a field of the pod."""
    yield from each_invalid(f"{at}.path", text(value, "path"), plain_path(text(value, "path")))


def downward_file(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a file made of a field or resource of the pod."""
    yield from key_to_path(value, at, scope)
    if has(value, "fieldRef") and has(value, "resourceFieldRef"):
        yield invalid(
            at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"
        )
    elif not has(value, "fieldRef") and not has(value, "resourceFieldRef"):
        yield required(at, "one of fieldRef and resourceFieldRef is required")


def token(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a projected service account token."""
    seconds = number(value, "expirationSeconds")
    if seconds is not None and seconds < _SHORTEST_TOKEN:
        yield invalid(
            f"{at}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"
        )
    if seconds is not None and seconds > _LONGEST_TOKEN:
        yield invalid(
            f"{at}.expirationSeconds",
            seconds,
            "may not specify a duration larger than 2^32 seconds",
        )
    yield from each_invalid(f"{at}.path", text(value, "path"), plain_path(text(value, "path")))


def projected(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a projected volume: one source for each entry, no path twice."""
    seen: set[str] = set()
    for path, source in items(value, "sources", at):
        given = [name for name in source if has(source, name)]
        if len(given) > 1:
            yield forbidden(path, "may not specify more than 1 volume type per source")
        for name in given:
            for place in _paths(fields(source, name), name):
                if place in seen:
                    yield invalid(
                        at,
                        text(fields(source, name), "name") or place,
                        "conflicting duplicate paths",
                    )
                seen.add(place)


def _paths(source: Object, name: str) -> Iterator[str]:
    if name == "clusterTrustBundle":
        yield text(source, "path")
    if name in ("secret", "configMap", "downwardAPI"):
        yield from (
            text(item, "path") for _, item in items(source, "items", "") if text(item, "path")
        )


def iscsi(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an iSCSI volume."""
    name = text(value, "iqn")
    if name and not name.startswith(("iqn", "eui", "naa")):
        yield invalid(f"{at}.iqn", name, "must be valid format starting with iqn, eui, or naa")
    if (value.get("chapAuthDiscovery") or value.get("chapAuthSession")) and not has(
        value, "secretRef"
    ):
        yield required(f"{at}.secretRef")


def fibre_channel(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a Fibre Channel volume."""
    names, wide = many(value, "targetWWNs"), many(value, "wwids")
    if not names and not wide:
        yield required(f"{at}.targetWWNs", "must specify either targetWWNs or wwids, but not both")
    if names and wide:
        yield invalid(
            f"{at}.targetWWNs", names, "targetWWNs and wwids can not be specified simultaneously"
        )
    if names and number(value, "lun") is None:
        yield required(f"{at}.lun", "lun is required if targetWWNs is specified")


def ephemeral(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a generic ephemeral volume."""
    if not has(value, "volumeClaimTemplate"):
        yield required(f"{at}.volumeClaimTemplate")


def csi(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of an inline CSI volume."""
    if has(value, "nodePublishSecretRef") and not text(
        fields(value, "nodePublishSecretRef"), "name"
    ):
        yield required(f"{at}.nodePublishSecretRef.name")
