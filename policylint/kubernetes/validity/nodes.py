"""Nodes and what runs on them: runtime classes, leases, CSI nodes, revisions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.fielderrors import (
    NOT_NEGATIVE,
    duplicate,
    each_invalid,
    forbidden,
    go_struct,
    invalid,
    required,
)
from policylint.kubernetes.api.reading import (
    fields,
    has,
    many,
    number,
    objects,
    text,
    text_map,
    texts,
)
from policylint.kubernetes.validity.addresses import network
from policylint.kubernetes.validity.formats import (
    dns_label,
    dns_subdomain,
    label_value,
    qualified_name,
)
from policylint.kubernetes.validity.metadata import labels
from policylint.kubernetes.validity.references import driver_name
from policylint.kubernetes.validity.resources import NEEDS_COMPUTE, needs_compute, resource_amount
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

_AVOIDED_PODS = "scheduler.alpha.kubernetes.io/preferAvoidPods"
_LONGEST_NODE_ID = 192


def runtime_class(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a RuntimeClass."""
    handler = text(obj, "handler")
    yield from (
        each_invalid("handler", handler, dns_label(handler)) if handler else [required("handler")]
    )
    overhead = fields(fields(obj, "overhead"), "podFixed")
    for name, amount in overhead.items():
        yield from resource_amount(name, amount, f"overhead.podFixed[{name}]")
    if needs_compute(overhead):
        yield forbidden("overhead", NEEDS_COMPUTE)
    yield from labels(fields(obj, "scheduling"), "nodeSelector", "scheduling.nodeSelector")
    yield from _repeated_tolerations(fields(obj, "scheduling"))


def _repeated_tolerations(scheduling: Object) -> Iterator[Cause]:
    seen: set[tuple[str, ...]] = set()
    for path, item in objects(scheduling, "tolerations", "scheduling"):
        texts_of = {name: text(item, name) for name in ("key", "operator", "value", "effect")}
        if tuple(texts_of.values()) in seen:
            shown = {**texts_of, "tolerationSeconds": item.get("tolerationSeconds")}
            yield duplicate(path, go_struct(shown, tuple(shown)))
        seen.add(tuple(texts_of.values()))


def lease(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a Lease's spec."""
    seconds = number(spec, "leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        yield invalid(f"{at}.leaseDurationSeconds", seconds, "must be greater than 0")


def controller_revision(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a ControllerRevision."""
    revision = number(obj, "revision") or 0
    if revision < 0:
        yield invalid("revision", revision, NOT_NEGATIVE)
    if not has(obj, "data"):
        yield required("data", "data is mandatory")
    elif not isinstance(obj["data"], dict):
        yield required("data", "data must be a valid JSON object")


def node(obj: Object, _at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a Node; the server calls its taints `metadata.taints`."""
    yield from _avoided_pods(text_map(fields(obj, "metadata"), "annotations"))
    yield from _taints(fields(obj, "spec"))
    cidrs = many(fields(obj, "spec"), "podCIDRs")
    for path, block in texts(fields(obj, "spec"), "podCIDRs", "spec"):
        yield from network(path, block, scope)
    families = [":" in block for block in cidrs if isinstance(block, str)]
    if len(cidrs) > 2 or len(set(families)) < len(families):
        detail = "may specify no more than one CIDR for each IP family"
        yield invalid("spec.podCIDRs", cidrs, detail)


def _avoided_pods(annotations: Mapping[str, str]) -> Iterator[Cause]:
    """The errors of the annotation that keeps pods of some controllers off a node."""
    written = annotations.get(_AVOIDED_PODS)
    if not written:
        return
    try:
        avoided = json.loads(written)
    except (ValueError, RecursionError):
        avoided = None
    if not isinstance(avoided, dict):
        yield invalid("metadata.annotations.AvoidPods", _AVOIDED_PODS, "must be a JSON object")
        return
    for path, entry in objects(avoided, "preferAvoidPods", "metadata.annotations"):
        controller = fields(entry, "podSignature").get("podController")
        if controller is None:
            yield required(f"{path}.podSignature")
        elif not fields({"controller": controller}, "controller").get("controller"):
            where = f"{path}.podSignature.podController.controller"
            yield invalid(where, False, "must point to a controller")


def _taints(spec: Object) -> Iterator[Cause]:
    seen: set[tuple[str, str]] = set()
    for path, taint in objects(spec, "taints", "spec"):
        key, effect = text(taint, "key"), text(taint, "effect")
        yield from each_invalid(f"{path}.key", key, qualified_name(key))
        complaints = label_value(text(taint, "value"))
        if complaints:
            yield invalid(f"{path}.value", text(taint, "value"), ";".join(complaints))
        if not effect:
            yield required(f"{path}.effect")
        if (key, effect) in seen:
            yield duplicate(path, dict(taint))
        seen.add((key, effect))


def csi_node(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a CSINode's spec."""
    seen: set[str] = set()
    for path, driver in objects(spec, "drivers", at):
        name, node_id = text(driver, "name"), text(driver, "nodeID")
        yield from driver_name(name, f"{path}.name")
        if name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)
        if not node_id:
            yield required(f"{path}.nodeID")
        if len(node_id.encode()) > _LONGEST_NODE_ID:
            detail = f"must be {_LONGEST_NODE_ID} characters or less"
            yield invalid(f"{path}.nodeID", node_id, detail)
        yield from _topology_keys(driver, path)


def _topology_keys(driver: Object, at: str) -> Iterator[Cause]:
    keys = many(driver, "topologyKeys")
    for index, key in enumerate(keys):
        if key in keys[:index]:
            yield duplicate(at, key)
        if isinstance(key, str):
            yield from each_invalid(at, key, qualified_name(key)) if key else [required(at)]


def volume_attachment(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a VolumeAttachment's spec."""
    yield from driver_name(text(spec, "attacher"), f"{at}.attacher")
    name, where = text(spec, "nodeName"), f"{at}.nodeName"
    yield from each_invalid(where, name, dns_subdomain(name))
    source, where = fields(spec, "source"), f"{at}.source"
    both = ("inlineVolumeSpec", "persistentVolumeName")
    sources = [name for name in both if has(source, name)]
    detail = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
    if not sources:
        yield required(where, detail)
    elif len(sources) > 1:
        yield forbidden(where, detail)
    volume, where = text(source, "persistentVolumeName"), f"{where}.persistentVolumeName"
    if volume:
        yield from each_invalid(where, volume, dns_subdomain(volume))
    elif has(source, "persistentVolumeName"):
        yield required(where, "must specify non empty persistentVolumeName")
