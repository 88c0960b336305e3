"""An object as a policy sees it: the server's own, turned into a map again.

Go leaves out what is empty where the field is no pointer and has `omitempty`, and writes every
struct that is part of another. Source: k8s.io/apimachinery pkg/runtime/converter.go; the metadata
that the server sets itself are there with a value that nobody knows offline.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from policylint.cel.values import Unknowable
from policylint.kubernetes.api.gotypes import struct
from policylint.kubernetes.api.quantity import canonical
from policylint.kubernetes.api.schemas import Node
from policylint.kubernetes.forecast.request import Allocated, AllocatedPort
from policylint.model import Json, Object

_ABSENT = object()
_GENERATION = Unknowable("metadata.generation, which the server counts")
_QOS = Unknowable("status.qosClass, which the server sets")
_GENERATIONS = frozenset(
    {
        "admissionregistration.v1.MutatingWebhookConfiguration",
        "admissionregistration.v1.ValidatingAdmissionPolicy",
        "admissionregistration.v1.ValidatingAdmissionPolicyBinding",
        "admissionregistration.v1.ValidatingWebhookConfiguration",
        "apiextensions.v1.CustomResourceDefinition",
        "apps.v1.DaemonSet",
        "apps.v1.Deployment",
        "apps.v1.ReplicaSet",
        "apps.v1.StatefulSet",
        "batch.v1.CronJob",
        "batch.v1.Job",
        "core.v1.Pod",
        "core.v1.ReplicationController",
        "flowcontrol.v1.FlowSchema",
        "flowcontrol.v1.PriorityLevelConfiguration",
        "networking.v1.Ingress",
        "networking.v1.NetworkPolicy",
        "policy.v1.PodDisruptionBudget",
    }
)
"""Kinds whose generation the server counts (recorded; registry/*/strategy.go PrepareForCreate)."""

_WRITTEN_EMPTY = {"rbac.v1.ClusterRole": ("rules",), "rbac.v1.Role": ("rules",)}
"""Optional fields that Go writes even where they are empty: their tag has no `omitempty`."""

_SET_ON_CREATE = ("uid", "creationTimestamp", "managedFields")
_SET_ON_UPDATE = ("uid", "creationTimestamp", "managedFields", "resourceVersion")


def seen(node: Node | None, body: Object, stored: bool = False) -> dict[str, Any]:
    """An object after decoding and defaulting, as its policies see it; `stored` where it has been
    written before."""
    if node is not None:
        shown = dict(_struct(node, body))
    else:
        shown = _known(body)
    shown["apiVersion"], shown["kind"] = body.get("apiVersion"), body.get("kind")
    if (shown["apiVersion"], shown["kind"]) == ("v1", "Secret"):
        _merge_string_data(shown)
    if (shown["apiVersion"], shown["kind"]) == ("v1", "Pod"):
        shown["status"] = {"phase": "Pending", "qosClass": _QOS, **(shown.get("status") or {})}
    metadata = shown.get("metadata")
    shown["metadata"] = _metadata(node, metadata if isinstance(metadata, Mapping) else {}, stored)
    return shown


def _metadata(node: Node | None, written: Mapping[str, Any], stored: bool) -> dict[str, Any]:
    """The metadata with what the server sets."""
    metadata = dict(written)
    for name in _SET_ON_UPDATE if stored else _SET_ON_CREATE:
        if metadata.get(name) is None:
            metadata[name] = Unknowable(f"metadata.{name}, which the server sets")
    if metadata.get("generateName") and not metadata.get("name"):
        metadata["name"] = Unknowable("the generated name")
    if node is None or struct(node) in _GENERATIONS:
        metadata["generation"] = written.get("generation") or (_GENERATION if stored else 1)
    return metadata


def _merge_string_data(secret: dict[str, Any]) -> None:
    text = secret.pop("stringData", None)
    if isinstance(text, Mapping):
        added = {key: base64.b64encode(str(value).encode()).decode() for key, value in text.items()}
        secret["data"] = {**(secret.get("data") or {}), **added}


def _known(value: Json) -> Any:
    """A value with what the server allocates made unknowable."""
    if isinstance(value, Allocated | AllocatedPort):
        return Unknowable("a value that the server allocates")
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_known, value))
    return value


def _value(node: Node | None, value: Json) -> Any:
    if node is None or _is_open(node):
        return _known(value)
    if isinstance(value, Mapping):
        if node.is_struct:
            return _struct(node, value)
        return _map(node, value)
    if isinstance(value, list):
        return [_value(node.items, {} if item is None else item) for item in value]
    if node.quantity:
        return canonical(value)
    return _scalar(node, value)


def _scalar(node: Node, value: Json) -> Any:
    if node.format == "double" and value.__class__ is int:
        return float(value)
    return _known(value)


def _is_open(node: Node) -> bool:
    """Whether anything may stand there."""
    return node.preserve_unknown and not node.is_struct


def _map(node: Node, value: Mapping[str, Json]) -> dict[str, Any]:
    return {key: _value(node.additional, item) for key, item in value.items()}


def _struct(node: Node, value: Mapping[str, Json]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    structs = node.structs
    for name, item in value.items():
        child = node.properties.get(name)
        kept = _value(child, item) if item is not None else _ABSENT
        if name in node.required or not _left_out(kept, node, name, child):
            shown[name] = None if kept is _ABSENT else kept
    for name in structs:
        shown.setdefault(name, _value(node.properties[name], {}))
    for name in (*node.required, *_WRITTEN_EMPTY.get(struct(node), ())):
        child = node.properties.get(name)
        if name not in shown and child is not None:
            shown[name] = _zero(child)
    return shown


def _zero(node: Node) -> Any:
    """What Go writes of a field without `omitempty` that nobody set."""
    if node.type == "string" and not node.ref:
        return ""
    if node.type in ("integer", "number"):
        return 0
    if node.type == "boolean":
        return False
    return None


def _left_out(value: Any, node: Node, name: str, child: Node | None) -> bool:
    if value is _ABSENT:
        return True
    if isinstance(value, list):
        return not value
    if isinstance(value, Mapping):
        return not value and child is not None and not child.is_struct and _is_map(child)
    empty = value in ("", 0, False) and not isinstance(value, Unknowable)
    return empty and name not in node.pointers


def _is_map(node: Node) -> bool:
    return node.additional is not None
