"""Names, labels, annotations, owners and finalizers (k8s.io/apimachinery
pkg/api/validation/objectmeta.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.fielderrors import each_invalid, invalid, required, too_long
from policylint.kubernetes.api.reading import fields, objects, text, text_map, texts
from policylint.kubernetes.validity.formats import label_value, qualified_name
from policylint.kubernetes.validity.names import (
    format_of,
    format_of_prefix,
    path_segment,
    trust_bundle_name,
)
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object
from policylint.runtime.patterns import pattern

_MOST_ANNOTATIONS = 256 * 1024
"""Bytes that the keys and values of an object's annotations may have together."""

_SECURITY = "pod-security.kubernetes.io/"
_LEVELS = ("privileged", "baseline", "restricted")
"""Pod Security levels (k8s.io/pod-security-admission/api)."""

_VERSION = pattern(r"latest|v1\.(0|[1-9][0-9]*)")

_STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})

_ANY_FINALIZER = frozenset(
    {
        "admissionregistration.k8s.io",
        "apiregistration.k8s.io",
        "coordination.k8s.io",
        "node.k8s.io",
        "policy",
    }
)
"""Groups whose finalizers need no domain: their validation is that of apimachinery alone (seen in
fields-*)."""


def metadata(value: Object, group: str, scope: Scope, *, custom: bool = False) -> Iterator[Cause]:
    """The errors of an object's own metadata; finalizers of a custom resource need no domain."""
    yield from _name(value, group, scope)
    yield from labels(value, "labels", "metadata.labels")
    if (group, scope.kind) == ("", "Namespace"):
        yield from _security_levels(value)
    yield from annotation_map(value, "metadata.annotations")
    yield from _owners(value)
    yield from _finalizers(value, strict=not custom and group not in _ANY_FINALIZER)


def labels(value: Object, name: str, at: str) -> Iterator[Cause]:
    """The errors of a map of labels."""
    for key, label in text_map(value, name).items():
        yield from each_invalid(at, key, qualified_name(key))
        yield from each_invalid(at, label, label_value(label))


def _security_levels(value: Object) -> Iterator[Cause]:
    """The errors of a Namespace's labels for the admission plugin PodSecurity."""
    for mode in ("enforce", "audit", "warn"):
        own_labels = text_map(value, "labels")
        version = own_labels.get(f"{_SECURITY}{mode}-version", "latest")
        if not _VERSION.fullmatch(version):
            where = f"metadata.labels[{_SECURITY}{mode}-version]"
            yield invalid(where, version, 'must be "latest" or "v1.x"')
        level = own_labels.get(f"{_SECURITY}{mode}", _LEVELS[0])
        if level not in _LEVELS:
            yield invalid(
                f"metadata.labels[{_SECURITY}{mode}]", level, f"must be one of {', '.join(_LEVELS)}"
            )


def annotation_map(value: Object, at: str) -> Iterator[Cause]:
    """The errors of a map of annotations; the case of their keys does not matter."""
    written = text_map(value, "annotations")
    for key in written:
        yield from each_invalid(at, key, qualified_name(key.lower()))
    yield from annotations_size(written, at)


def annotations_size(annotations: Mapping[str, str], at: str) -> Iterator[Cause]:
    """The error of annotations that are too long together."""
    sizes = (len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if sum(sizes) > _MOST_ANNOTATIONS:
        yield too_long(at, _MOST_ANNOTATIONS)


def finalizer_names(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of the finalizers of a Namespace's spec."""
    for _, name in texts(value, "finalizers", at):
        yield from each_invalid(f"{at}.finalizers", name, qualified_name(name))
        if "/" not in name and name not in _STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid(f"{at}.finalizers", name, detail)


def _name(value: Object, group: str, scope: Scope) -> Iterator[Cause]:
    name = text(value, "name")
    complaints = format_of(group, scope.kind, scope.minor)
    if (group, scope.kind) == ("certificates.k8s.io", "ClusterTrustBundle"):
        complaints = trust_bundle_name(text(fields(scope.root, "spec"), "signerName"))
    if name:
        yield from each_invalid("metadata.name", name, complaints(name))
    elif not text(value, "generateName"):
        yield required("metadata.name", "name or generateName is required")
    prefix = text(value, "generateName")
    if prefix:
        yield from each_invalid(
            "metadata.generateName", prefix, _prefix_complaints(group, scope, prefix)
        )


def _prefix_complaints(group: str, scope: Scope, prefix: str) -> tuple[str, ...]:
    """Every store asks for a segment of a path, and the kind's validation for its own format, in
    which a trailing dash is as good as a letter (maskTrailingDash of apimachinery)."""
    if len(prefix) > 1 and prefix.endswith("-"):
        masked = f"{prefix[:-2]}a"
    else:
        masked = prefix
    own = format_of_prefix(group, scope.kind, scope.minor)(masked)
    return tuple(dict.fromkeys((*_plain_segment(prefix), *own)))


def _plain_segment(prefix: str) -> tuple[str, ...]:
    if prefix in (".", ".."):
        return ()
    return path_segment(prefix)


def _owners(value: Object) -> Iterator[Cause]:
    for at, owner in objects(value, "ownerReferences", "metadata"):
        for name in ("apiVersion", "kind", "name", "uid"):
            identity = text(owner, name)
            if not identity or (name == "apiVersion" and identity.count("/") > 1):
                if name == "apiVersion":
                    detail = "version must not be empty"
                else:
                    detail = "must not be empty"
                yield invalid(f"{at}.{name}", identity, detail)
        yield from _owner_kind(owner, at)
    yield from _controllers(value)


def _controllers(value: Object) -> Iterator[Cause]:
    """One owner at most controls an object; what is there twice alike counts once."""
    owners = [owner for _, owner in objects(value, "ownerReferences", "")]
    distinct = [owner for index, owner in enumerate(owners) if owner not in owners[:index]]
    controllers = [owner for owner in distinct if owner.get("controller")]
    if len(controllers) > 1:
        detail = "Only one reference can have Controller set to true"
        yield invalid("metadata.ownerReferences", controllers, detail)


def _owner_kind(owner: Object, at: str) -> Iterator[Cause]:
    """The one kind whose objects may own none (validateOwnerReference)."""
    if (text(owner, "apiVersion"), text(owner, "kind")) == ("v1", "Event"):
        yield invalid(at, dict(owner), "/v1, Kind=Event is disallowed from being an owner")


def _finalizers(value: Object, *, strict: bool) -> Iterator[Cause]:
    seen = set()
    for at, name in texts(value, "finalizers", "metadata"):
        seen.add(name)
        yield from each_invalid("metadata.finalizers", name, qualified_name(name))
        if strict and "/" not in name and name not in _STANDARD_FINALIZERS:
            yield invalid(
                at, name, "name is neither a standard finalizer name nor is it fully qualified"
            )
    if {"orphan", "foregroundDeletion"} <= seen:
        yield invalid(
            "metadata.finalizers",
            sorted(seen),
            "finalizer foregroundDeletion and orphan cannot be both set",
        )
