"""What Helm's client refuses before it sends anything: metadata that it cannot decode, objects that
it cannot ask for.

Helm builds every object of the new manifest and looks each up in the cluster, before the first
request that changes something. Sources: metadataValidatingDecoder of k8s.io/cli-runtime
pkg/resource, ObjectMeta of k8s.io/apimachinery pkg/apis/meta/v1, existingResourceConflict of helm
pkg/action/validate.go; messages as recorded from Helm 3.22 and 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.kubernetes.forecast.server import answer
from policylint.kubernetes.manifests.reader import UnreadResource
from policylint.model import Answer, Cause, Json, Resource
from policylint.runtime.patterns import pattern

UNDECODED = "manifest-not-decoded"
UNDEPLOYABLE = "object-not-deployable"
_SOURCE = "k8s.io/apimachinery/pkg/apis/meta/v1"
_TIME = pattern(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d([.]\d+)?([Zz]|[+-]\d\d:\d\d)")
_TYPES = {
    **dict.fromkeys(
        ("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion"), "string"
    ),
    **dict.fromkeys(("generation", "deletionGracePeriodSeconds"), "int64"),
    **dict.fromkeys(("labels", "annotations"), "map[string]string"),
    "finalizers": "[]string",
    "ownerReferences": "[]v1.OwnerReference",
    "managedFields": "[]v1.ManagedFieldsEntry",
}
"""Fields of ObjectMeta and their Go types."""
_OWNER = {
    **dict.fromkeys(("apiVersion", "kind", "name", "uid"), "string"),
    **dict.fromkeys(("controller", "blockOwnerDeletion"), "bool"),
}
_FITTING: Mapping[str, type] = {"string": str, "bool": bool}
_ANSWERS = {
    ("", "Binding"),
    ("authentication.k8s.io", "SelfSubjectReview"),
    ("authentication.k8s.io", "TokenReview"),
    ("authorization.k8s.io", "LocalSubjectAccessReview"),
    ("authorization.k8s.io", "SelfSubjectAccessReview"),
    ("authorization.k8s.io", "SelfSubjectRulesReview"),
    ("authorization.k8s.io", "SubjectAccessReview"),
}
"""Kinds that the server answers and does not keep: there is nothing to get."""
_READ_ONLY = {("", "ComponentStatus")}


def unbuilt(resource: Resource, *, hook: bool = False) -> Answer | None:
    """Helm's refusal to build or look up an object; None where it can.

    A hook is created without being looked up, but deleted by its name.
    """
    if isinstance(resource, UnreadResource):
        return None  # its metadata is plain texts, else it would have been read
    undecoded = list(_undecoded(resource))
    if undecoded:
        return answer(undecoded)
    undeployable = list(_undeployable(resource, hook=hook))
    if undeployable:
        return answer(undeployable)
    return None


def twice_named(resource: Resource, helm: str) -> Answer | None:
    """Helm 4's refusal of a new object that has a name and asks for one; None where there is none.

    Source: validateNameAndGenerateName of pkg/action/validate.go.
    """
    name, generated = resource.metadata.get("name"), resource.metadata.get("generateName")
    if helm != "4" or not name or not generated:
        return None
    text = "metadata.name and metadata.generateName cannot both be set"
    return answer([_cause("metadata.generateName", text, UNDEPLOYABLE)])


def _undeployable(resource: Resource, *, hook: bool) -> Iterator[Cause]:
    if not resource.metadata.get("name"):
        yield _cause("metadata.name", "resource name may not be empty", UNDEPLOYABLE)
    key = (resource.id.group, resource.id.kind)
    if key in _READ_ONLY or (key in _ANSWERS and not hook):
        text = "the server does not allow this method on the requested resource"
        yield _cause("kind", text, UNDEPLOYABLE)


def _undecoded(resource: Resource) -> Iterator[Cause]:
    for name, value in resource.metadata.items():
        field = f"metadata.{name}"
        if name in ("creationTimestamp", "deletionTimestamp"):
            yield from _no_time(field, value)
        elif name in _TYPES:
            yield from _mistyped(field, value, _TYPES[name])


def _no_time(field: str, value: Json) -> Iterator[Cause]:
    if value is not None and not isinstance(value, str):
        yield _wrong(field, value, "string")
    elif value is not None and not _TIME.fullmatch(value):
        text = f'parsing time "{value}" as "2006-01-02T15:04:05Z07:00"'
        yield _cause(field, f'unable to decode "": {text}')


def _mistyped(field: str, value: Json, wanted: str) -> Iterator[Cause]:
    """The first value at or below a field that Go cannot read into its type; null is read into
    any."""
    if value is None:
        return
    if wanted.startswith("[]"):
        yield from _mistyped_list(field, value, wanted)
    elif wanted.startswith("map["):
        yield from _mistyped_map(field, value, wanted)
    elif not _fits(value, wanted):
        yield _wrong(field, value, wanted)


def _mistyped_list(field: str, value: Json, wanted: str) -> Iterator[Cause]:
    if not isinstance(value, list):
        yield _wrong(field, value, wanted)
        return
    inner = wanted.removeprefix("[]")
    for item in value:
        if inner == "string":
            yield from _mistyped(field, item, inner)
        elif item is not None and not isinstance(item, dict):
            yield _wrong(field, item, inner)
        elif item is not None and inner == "v1.OwnerReference":
            for name in _OWNER.keys() & item.keys():
                yield from _mistyped(f"{field}.{name}", item[name], _OWNER[name])


def _mistyped_map(field: str, value: Json, wanted: str) -> Iterator[Cause]:
    if not isinstance(value, dict):
        yield _wrong(field, value, wanted)
        return
    for key, item in value.items():
        if item is not None and not isinstance(item, str):
            yield _wrong(field, item, "string", f"{field}[{key}]")


def _fits(value: Json, wanted: str) -> bool:
    if wanted == "int64":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, _FITTING[wanted])


def _wrong(field: str, value: Json, wanted: str, at: str = "") -> Cause:
    kinds = {bool: "bool", int: "number", float: "number", str: "string", list: "array"}
    kind = kinds.get(type(value), "object")
    text = f"json: cannot unmarshal {kind} into Go struct field ObjectMeta.{field} of type {wanted}"
    return _cause(at or field, f'unable to decode "": {text}')


def _cause(field: str, message: str, topic: str = UNDECODED) -> Cause:
    return Cause(field, "Helm", message, topic, _SOURCE)
