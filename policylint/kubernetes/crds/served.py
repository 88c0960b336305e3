"""Which version of a CRD serves an API version, and the schema of it.

Apart from what validates, as rules ask for it that need neither schemas' checks nor CEL.
"""

from __future__ import annotations

from collections.abc import Mapping

from policylint.kubernetes.api.repeated import Sound
from policylint.model import Object


def served_version(crd: Object, api_version: str) -> Object | None:
    """The entry of `spec.versions` that serves an API version; None where none does."""
    group, _, name = api_version.partition("/")
    spec = crd.get("spec") or {}
    if spec.get("group") != group:
        return None
    alone = {
        "name": spec.get("version"),
        "served": True,
    }  # as CRDs before apiextensions.k8s.io/v1 say it
    versions = spec.get("versions") or (alone,)
    return next(
        (item for item in versions if item.get("name") == name and item.get("served")), None
    )


def schema_of(version: Object, crd: Object) -> Object | None:
    """The structural schema of a version, that of all versions in old CRDs; None where there is
    none."""
    spec = crd.get("spec") or {}
    schema = (version.get("schema") or spec.get("validation") or {}).get("openAPIV3Schema")
    if not isinstance(schema, Mapping):
        return None
    if spec.get("preserveUnknownFields"):
        return {**schema, "x-kubernetes-preserve-unknown-fields": True}
    return schema


_STEADY = Sound()
"""Definitions none of whose rules looks at the old object."""


def has_transition_rules(crd: Object) -> bool:
    """Whether a rule of the definition may look at the old object: it refuses then even what does
    not change."""
    if crd in _STEADY:
        return False
    if "oldSelf" in repr(crd.get("spec")):
        return True
    _STEADY.add(crd)
    return False
