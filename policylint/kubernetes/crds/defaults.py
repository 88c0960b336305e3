"""Judges the defaults of a schema: the server takes only those that the schema itself accepts.

Source: apiextensions-apiserver pkg/apiserver/schema/defaulting (ValidateDefaults).
"""

from __future__ import annotations

from collections.abc import Iterator

from policylint.cel.values import CelUnsupported
from policylint.kubernetes.api.fielderrors import TOPIC, invalid
from policylint.kubernetes.crds.embedded import embedded
from policylint.kubernetes.crds.lists import duplicates
from policylint.kubernetes.crds.prepare import pruned
from policylint.kubernetes.crds.rules import RulePosition, run_rules
from policylint.kubernetes.crds.structural import subschema
from policylint.kubernetes.crds.values import ValuePosition, validate_values
from policylint.model import Cause, Json, Object, Unknown

_TYPE_FIELDS = ("metadata", "apiVersion", "kind")


def validate_defaults(
    schema: Object, path: str, minor: int, root: bool = False
) -> Iterator[Cause | Unknown]:
    """The errors of a schema's defaults: unknown fields, values that the schema itself refuses."""
    default = schema.get("default")
    if default is not None:
        yield from _default(default, schema, f"{path}.default", minor)
    items = subschema(schema.get("items"))
    if items is not None:
        yield from validate_defaults(items, f"{path}.items", minor)
    resource = root or bool(schema.get("x-kubernetes-embedded-resource"))
    for name, child in (schema.get("properties") or {}).items():
        where = f"{path}.properties[{name}]"
        if not resource or name not in _TYPE_FIELDS:
            yield from validate_defaults(child, where, minor)
        elif not root and _has_default(child):
            what = f"whether the defaults below {where} result in valid metadata"
            yield Unknown(what, "kubectl apply --dry-run=server", TOPIC, where)


def _has_default(schema: Object) -> bool:
    """Whether a schema gives a default anywhere in metadata."""
    children = (schema.get("properties") or {}).values()
    return schema.get("default") is not None or any(map(_has_default, children))


def _default(default: Json, schema: Object, path: str, minor: int) -> Iterator[Cause | Unknown]:
    resource = bool(schema.get("x-kubernetes-embedded-resource"))
    if pruned(default, schema, root=resource) != default:
        yield invalid(path, default, "must not have unknown fields")
    try:
        causes = _values(default, schema, path, minor)
    except CelUnsupported as error:
        what = f"whether the default is valid: {error}"
        yield Unknown(what, "kubectl apply --dry-run=server", TOPIC, path)
        return
    yield from causes
    if not causes:
        # as at an update that changes nothing, and as at creation
        for old in (default, None):
            yield from run_rules(
                RulePosition(path, default, old, schema, root=resource, ratchets=False)
            )


def _values(default: Json, schema: Object, path: str, minor: int) -> list[Cause]:
    causes = [
        *embedded(default, schema, path),
        *validate_values(ValuePosition(path, default, schema, minor)),
    ]
    return causes or list(duplicates(default, schema, path))
