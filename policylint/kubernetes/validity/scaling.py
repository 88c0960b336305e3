"""Disruption budgets, autoscalers and priority classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.fielderrors import (
    NOT_POSITIVE,
    each_invalid,
    forbidden,
    go_struct,
    invalid,
    required,
    unsupported,
)
from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import fields, has, number, objects, text
from policylint.kubernetes.validity.formats import dns_label
from policylint.kubernetes.validity.names import path_segment
from policylint.kubernetes.validity.resources import container_resource
from policylint.kubernetes.validity.scope import Scope
from policylint.kubernetes.validity.workloads import share
from policylint.model import Cause, Object

_SOURCES: Mapping[str, str] = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_HIGHEST_PRIORITY = 1_000_000_000
_SYSTEM_PRIORITIES = {
    "system-cluster-critical": 2_000_000_000,
    "system-node-critical": 2_000_001_000,
}
_LONGEST_WINDOW = 3600
_API_VERSIONS = 34
"""The first minor that reads the API version of what is scaled."""

_SCALES_TO_ZERO = 37
"""The first minor that lets an autoscaler scale to nothing (feature HPAScaleToZero)."""

_LONGEST_PERIOD = 1800


def budget(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a PodDisruptionBudget's spec."""
    if has(spec, "minAvailable") and has(spec, "maxUnavailable"):
        shown = go_struct(
            spec, ("minAvailable", "selector", "maxUnavailable", "unhealthyPodEvictionPolicy")
        )
        yield invalid(at, shown, "minAvailable and maxUnavailable cannot be both set")
    for name in ("minAvailable", "maxUnavailable"):
        yield from share(spec.get(name), f"{at}.{name}", at_most_all=True)


def _scales_from_zero(spec: Object, at: str) -> bool:
    """Whether a metric stays known when no pod runs."""
    kinds = {text(metric, "type") for _, metric in objects(spec, "metrics", at)}
    return not kinds.isdisjoint(("Object", "External"))


def autoscaler(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a HorizontalPodAutoscaler's spec."""
    least, most = number(spec, "minReplicas"), number(spec, "maxReplicas") or 0
    yield from _fewest(least, f"{at}.minReplicas", scope)
    if least == 0 and not _scales_from_zero(spec, at):
        detail = (
            "must specify at least one Object or External metric to support scaling to zero "
            "replicas"
        )
        yield forbidden(f"{at}.metrics", detail)
    if most == 0:
        yield required(f"{at}.maxReplicas", "must be set and greater than 0")
    elif most < 0:
        yield invalid(f"{at}.maxReplicas", most, "must be greater than or equal to 1")
    if most < (1 if least is None else least):
        yield invalid(f"{at}.maxReplicas", most, "must be greater than or equal to `minReplicas`")


def scaling_target(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a reference to what is scaled, or to what a metric describes."""
    for name in ("kind", "name"):
        segment = text(value, name)
        yield from (
            each_invalid(f"{at}.{name}", segment, path_segment(segment))
            if segment
            else [required(f"{at}.{name}")]
        )
    version = text(value, "apiVersion")
    if scope.minor < _API_VERSIONS:
        return
    if version.count("/") > 1:
        yield invalid(f"{at}.apiVersion", version, f"unexpected GroupVersion string: {version}")
    elif at.endswith("scaleTargetRef") and not _has_group(version, text(value, "kind")):
        yield invalid(f"{at}.apiVersion", version, "apiVersion must specify API group")


def _fewest(least: int | None, at: str, scope: Scope) -> Iterator[Cause]:
    lowest = 0 if scope.minor >= _SCALES_TO_ZERO else 1
    if least is not None and least < lowest:
        yield invalid(at, least, f"must be greater than or equal to {lowest}")


def _has_group(version: str, kind: str) -> bool:
    """Whether an API version has a group; the one scalable kind of the core group needs none."""
    return "/" in version.lstrip("/") or kind == "ReplicationController"


def metric(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of one metric of an autoscaler."""
    kind = text(value, "type")
    if not kind:
        yield required(f"{at}.type", "must specify a metric source type")
    if kind not in _SOURCES:
        yield unsupported(f"{at}.type", kind, tuple(_SOURCES))
    wanted = _SOURCES.get(kind, "")
    if wanted and not has(value, wanted):
        yield required(f"{at}.{wanted}", "must populate information for the given metric source")
    sources = [name for name in _SOURCES.values() if has(value, name)]
    for name in sources:
        if name != wanted and len(sources) > 1:
            yield forbidden(f"{at}.{name}", "must populate the given metric source only")
        yield from _source(fields(value, name), f"{at}.{name}", name)


def _source(source: Object, at: str, kind: str) -> Iterator[Cause]:
    if kind in ("object", "pods", "external"):
        name = text(fields(source, "metric"), "name")
        where = f"{at}.metric.name"
        yield from (
            each_invalid(where, name, path_segment(name))
            if name
            else [required(where, "must specify a metric name")]
        )
    elif not text(source, "name"):
        yield required(f"{at}.name", "must specify a resource name")
    if kind == "containerResource":
        if text(source, "name"):
            yield from container_resource(text(source, "name"), f"{at}.name")
        name = text(source, "container")
        missing = required(f"{at}.container", "must specify a container")
        yield from each_invalid(f"{at}.container", name, dns_label(name)) if name else [missing]
    yield from _target(fields(source, "target"), f"{at}.target", kind)


def _target(target: Object, at: str, kind: str) -> Iterator[Cause]:
    form = text(target, "type")
    if not form:
        yield required(f"{at}.type", "must specify a metric target type")
    if form not in ("Utilization", "Value", "AverageValue"):
        yield invalid(f"{at}.type", form, "must be either Utilization, Value, or AverageValue")
    for name in ("value", "averageValue"):
        amount = parse_quantity(target.get(name))
        if amount is not None and amount <= 0:
            yield invalid(f"{at}.{name}", str(target[name]), "must be positive")
    share_used = number(target, "averageUtilization")
    if share_used is not None and share_used < 1:
        yield invalid(f"{at}.averageUtilization", share_used, "must be greater than 0")
    yield from _value_target(target, at, kind)


def _value_target(target: Object, at: str, kind: str) -> Iterator[Cause]:
    if kind in ("resource", "containerResource"):
        yield from _resource_target(target, at)
        return
    average, value = has(target, "averageValue"), has(target, "value")
    if not average and (kind == "pods" or not value):
        detail = _TARGET_MISSING.get(kind)
        if detail is not None:
            yield required(f"{at}.averageValue", detail)
    if kind == "external" and value and average:
        detail = "may not set both a target value for metric and a per-pod target"
        yield forbidden(f"{at}.value", detail)


_TARGET_MISSING = {
    "pods": "must specify a positive target averageValue",
    "object": "must set either a target value or averageValue",
    "external": "must set either a target value for metric or a per-pod target",
}
"""What a metric without its target is told, by kind (validateMetricSpec and what it calls)."""


def _resource_target(target: Object, at: str) -> Iterator[Cause]:
    average, utilization = has(target, "averageValue"), has(target, "averageUtilization")
    if not (utilization or average):
        detail = "must set either a target raw value or a target utilization"
        yield required(f"{at}.averageUtilization", detail)
    if utilization and average:
        detail = "may not set both a target raw value and a target utilization"
        yield forbidden(f"{at}.averageValue", detail)


def scaling_rules(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of how an autoscaler scales one way."""
    window = number(value, "stabilizationWindowSeconds")
    if window is not None and window < 0:
        yield invalid(
            f"{at}.stabilizationWindowSeconds", window, "must be greater than or equal to zero"
        )
    if window is not None and window > _LONGEST_WINDOW:
        detail = f"must be less than or equal to {_LONGEST_WINDOW}"
        yield invalid(f"{at}.stabilizationWindowSeconds", window, detail)
    if value.get("policies") == []:
        yield required(f"{at}.policies", "must specify at least one Policy")
    for path, policy in objects(value, "policies", at):
        yield from _scaling_policy(policy, path)


def _scaling_policy(policy: Object, at: str) -> Iterator[Cause]:
    kind, seconds = text(policy, "type"), number(policy, "periodSeconds") or 0
    if kind not in ("Percent", "Pods"):
        yield unsupported(f"{at}.type", kind, ("Percent", "Pods"))
    for name in ("value", "periodSeconds"):
        amount = number(policy, name) or 0
        if amount <= 0:
            yield invalid(f"{at}.{name}", amount, NOT_POSITIVE)
    if seconds > _LONGEST_PERIOD:
        detail = f"must be less than or equal to {_LONGEST_PERIOD}"
        yield invalid(f"{at}.periodSeconds", seconds, detail)


def priority_class(obj: Object, _at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a PriorityClass."""
    name, value = text(fields(scope.root, "metadata"), "name"), number(obj, "value") or 0
    if name.startswith("system-"):
        if _SYSTEM_PRIORITIES.get(name) != value:
            detail = "priority class names with 'system-' prefix are reserved for system use only."
            yield forbidden(
                "metadata.name", f"{detail} error: {name} is not a known system priority class"
            )
    elif value > _HIGHEST_PRIORITY:
        yield forbidden(
            "value", f"maximum allowed value of a user defined priority is {_HIGHEST_PRIORITY}"
        )
