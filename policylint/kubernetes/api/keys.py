"""The keys of Secrets and ConfigMaps that pods read by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from policylint.kubernetes.api.reading import NOTHING, at, part, parts
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
from policylint.model import Json, Object, Resource, ResourceId

IN_ENV_FROM = (("ConfigMap", "configMapRef"), ("Secret", "secretRef"))
IN_ENV = (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef"))
IN_VOLUME = (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName"))
IN_PROJECTION = (("ConfigMap", "configMap", "name"), ("Secret", "secret", "name"))
DATA = ("data", "stringData", "binaryData")

Resources = Mapping[ResourceId, Resource]


class KeyReference(Struct, frozen=True, order=True):
    """One key of one object that a pod template reads, and the pointer where it says so."""

    object: ResourceId
    key: str
    path: str


def key_references(resource: Resource) -> Iterator[KeyReference]:
    """The keys that a workload's pods do not start without; optional ones are left out."""
    template = pod_template(resource)
    if template is None:
        return
    namespace, root = resource.id.namespace, template_path(resource.id.kind)
    for path, container in containers(template):
        for index, variable in enumerate(parts(container, "env")):
            where = f"{root}{path}/env/{index}/valueFrom"
            yield from _of_variable(variable, namespace, where)
    for index, volume in enumerate(parts(template, "spec", "volumes")):
        where = f"{root}/spec/volumes/{index}"
        yield from _of_source(volume, IN_VOLUME, namespace, where)
        for number, source in enumerate(parts(volume, "projected", "sources")):
            place = f"{where}/projected/sources/{number}"
            yield from _of_source(source, IN_PROJECTION, namespace, place)


WHOLE = ""
"""In place of a key: all keys of an object."""


def keys_read(resource: Resource) -> set[tuple[ResourceId, str]]:
    """Each object that the containers of a workload read with each key of it, WHOLE where they read
    them all; what only the kubelet reads (imagePullSecrets) is left out."""
    template = pod_template(resource) or NOTHING
    namespace = resource.id.namespace
    read: set[tuple[ResourceId, str]] = set()
    for _, container in containers(template):
        for variable in parts(container, "env"):
            for kind, field in IN_ENV:
                reference = part(variable, "valueFrom", field)
                read |= _keys_of(kind, namespace, reference.get("name"), [reference])
        for source in parts(container, "envFrom"):
            for kind, field in IN_ENV_FROM:
                read |= _keys_of(kind, namespace, part(source, field).get("name"), [])
    for volume in parts(template, "spec", "volumes"):
        read |= _keys_of_source(volume, IN_VOLUME, namespace)
        for source in parts(volume, "projected", "sources"):
            read |= _keys_of_source(source, IN_PROJECTION, namespace)
    return read


def _keys_of_source(
    source: Object, fields: tuple[tuple[str, str, str], ...], namespace: str
) -> set[tuple[ResourceId, str]]:
    read: set[tuple[ResourceId, str]] = set()
    for kind, field, name in fields:
        content = part(source, field)
        read |= _keys_of(kind, namespace, content.get(name), parts(content, "items"))
    return read


def _keys_of(
    kind: str, namespace: str, name: Json, entries: Sequence[Object]
) -> set[tuple[ResourceId, str]]:
    """What entries with a `key` read of an object, all of it without any."""
    if not isinstance(name, str) or not name:
        return set()
    named = ResourceId("", kind, namespace, name)
    return {(named, str(entry.get("key"))) for entry in entries} or {(named, WHOLE)}


def _of_variable(variable: Object, namespace: str, path: str) -> Iterator[KeyReference]:
    for kind, field in IN_ENV:
        reference = part(variable, "valueFrom", field)
        if reference.get("name") and reference.get("key") and not reference.get("optional"):
            named = ResourceId("", kind, namespace, str(reference["name"]))
            yield KeyReference(named, str(reference["key"]), f"{path}/{field}/key")


def _of_source(
    source: Object, fields: tuple[tuple[str, str, str], ...], namespace: str, path: str
) -> Iterator[KeyReference]:
    for kind, field, name in fields:
        content = part(source, field)
        if not content.get(name) or content.get("optional"):
            continue
        named = ResourceId("", kind, namespace, str(content[name]))
        for index, item in enumerate(parts(content, "items")):
            yield KeyReference(named, str(item.get("key")), f"{path}/{field}/items/{index}/key")


def keys(resource: Resource) -> set[str]:
    """The keys that a Secret or ConfigMap renders."""
    return keys_of(resource.body)


def keys_of(body: Object) -> set[str]:
    """The keys of a Secret or ConfigMap."""
    names: set[str] = set()
    for field in DATA:
        content: Json = at(body, field)
        if isinstance(content, dict):
            names.update(content)
    return names


def missing_keys(workload: Resource, before: Resources, after: Resources) -> list[KeyReference]:
    """The keys that a workload reads and that its object does not have after the upgrade: the key
    went, or the workload did not read it before. An object without any key is filled in by somebody
    else."""
    was = before.get(workload.id)
    if was is not None:
        known = {(ref.object, ref.key) for ref in key_references(was)}
    else:
        known = set()
    missing = []
    for reference in key_references(workload):
        old, new = before.get(reference.object), after.get(reference.object)
        if new is None or reference.key in keys(new):
            continue
        gone = old is not None and reference.key in keys(old)
        asked_anew = (reference.object, reference.key) not in known and bool(keys(new))
        if gone or asked_anew:
            missing.append(reference)
    return missing
