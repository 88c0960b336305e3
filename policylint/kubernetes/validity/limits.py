"""Resource quotas and limit ranges (pkg/apis/core/validation)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction

from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    required,
)
from policylint.kubernetes.api.quantity import canonical, parse_quantity
from policylint.kubernetes.api.reading import amounts, fields, many, objects, text, texts
from policylint.kubernetes.validity.formats import qualified_name
from policylint.kubernetes.validity.resources import (
    container_resource,
    is_extended,
    is_whole,
    quantity_of,
)
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Json, Object

_COMPUTE = frozenset({"cpu", "memory", "ephemeral-storage"})
_COUNTED = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    }
)
_PARTED = frozenset(f"{part}.{name}" for part in ("requests", "limits") for name in _COMPUTE) | {
    "requests.storage"
}
_QUOTA = _COMPUTE | _COUNTED | _PARTED
_HUGE = ("hugepages-", "requests.hugepages-")

_PODS = frozenset({"pods"})
_POD_RESOURCES = _PODS | {
    "cpu",
    "memory",
    "limits.cpu",
    "limits.memory",
    "requests.cpu",
    "requests.memory",
}
_CLAIMS = frozenset({"persistentvolumeclaims", "requests.storage"})
_SCOPES: Mapping[str, frozenset[str]] = {
    "BestEffort": _PODS,
    "CrossNamespacePodAffinity": _POD_RESOURCES,
    "NotBestEffort": _POD_RESOURCES,
    "NotTerminating": _POD_RESOURCES,
    "PriorityClass": _POD_RESOURCES,
    "Terminating": _POD_RESOURCES,
    "VolumeAttributesClass": _CLAIMS,
}
"""Scope -> the standard resources it can limit."""

_EXISTS_ONLY = frozenset(_SCOPES) - {"PriorityClass", "VolumeAttributesClass"}
_CONFLICTS = (
    frozenset({"BestEffort", "NotBestEffort"}),
    frozenset({"Terminating", "NotTerminating"}),
)


def _quota_resource(name: str, at: str) -> Iterator[Cause]:
    if "/" in name or name in _QUOTA or name.startswith(_HUGE):
        return
    if name != "storage":
        yield invalid(at, name, "must be a standard resource type or fully qualified")
    yield invalid(at, name, "must be a standard resource for quota")


def quota(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a ResourceQuota's spec."""
    for name, amount in amounts(spec, "hard").items():
        path = f"{at}.hard[{name}]"
        complaints = qualified_name(name)
        yield from each_invalid(path, name, complaints)
        if not complaints:
            yield from _quota_resource(name, path)
        yield from quantity_of(name, amount, path)
        if name in _COUNTED and not is_whole(amount):
            yield invalid(path, canonical(amount), "must be an integer")
    scopes = [quota_scope for _, quota_scope in texts(spec, "scopes", at)]
    yield from _scopes(spec, scopes, f"{at}.scopes")


def scope_selector(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a quota's scope selector as a whole."""
    hard = amounts(fields(scope.root, "spec"), "hard")
    for _, expression in objects(value, "matchExpressions", at):
        name = text(expression, "scopeName")
        if name in _SCOPES and any(
            resource in _QUOTA and resource not in _SCOPES[name] for resource in hard
        ):
            yield invalid(
                f"{at}.matchExpressions", dict(value), "unsupported scope applied to resource"
            )


def _scopes(spec: Object, scopes: list[str], at: str) -> Iterator[Cause]:
    for scope in scopes:
        if scope not in _SCOPES:
            yield invalid(at, scopes, "unsupported scope")
        elif any(name in _QUOTA and name not in _SCOPES[scope] for name in amounts(spec, "hard")):
            yield invalid(at, scopes, "unsupported scope applied to resource")
    for pair in _CONFLICTS:
        if pair <= set(scopes):
            yield invalid(at, scopes, "conflicting scopes")


def scope_requirement(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of one requirement of a quota's scope selector."""
    name, operator, values = (
        text(value, "scopeName"),
        text(value, "operator"),
        many(value, "values"),
    )
    if name not in _SCOPES:
        yield invalid(f"{at}.scopeName", name, "unsupported scope")
    if name in _EXISTS_ONLY and operator != "Exists":
        detail = (
            "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
            "ResourceQuotaScopeNotTerminating, "
            "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
            "ResourceQuotaScopeCrossNamespacePodAffinity"
        )
        yield invalid(f"{at}.operator", operator, detail)
    if operator in ("In", "NotIn"):
        if not values:
            detail = (
                "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            )
            yield required(f"{at}.values", detail)
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            detail = (
                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            )
            yield invalid(f"{at}.values", values, detail)
    else:
        yield invalid(f"{at}.operator", operator, "not a valid selector operator")


def limit_range(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a LimitRange's spec."""
    seen: set[str] = set()
    for path, limit in objects(spec, "limits", at):
        kind = text(limit, "type")
        complaints = qualified_name(kind)
        yield from each_invalid(f"{path}.type", kind, complaints)
        if (
            not complaints
            and "/" not in kind
            and kind not in ("Pod", "Container", "PersistentVolumeClaim")
        ):
            yield invalid(f"{path}.type", kind, "must be a standard limit type or fully qualified")
        if kind in seen:
            yield duplicate(f"{path}.type", kind)
        seen.add(kind)
        yield from _limit(limit, path, kind)


def _limit(limit: Object, at: str, kind: str) -> Iterator[Cause]:
    parts = {
        name: amounts(limit, name)
        for name in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
    }
    if kind == "Pod":
        for name in ("default", "defaultRequest"):
            if parts.pop(name):
                yield forbidden(f"{at}.{name}", "may not be specified when `type` is 'Pod'")
    if kind == "PersistentVolumeClaim" and "storage" not in {**parts["min"], **parts["max"]}:
        detail = "either minimum or maximum storage value is required, but neither was provided"
        yield required(f"{at}.limits", detail)
    yield from _limited_resources(parts, at, kind)


def _limited_resources(
    parts: Mapping[str, Mapping[str, Json]], at: str, kind: str
) -> Iterator[Cause]:
    if kind in ("Pod", "Container"):
        check = container_resource
    else:
        check = _standard_resource
    names: dict[str, None] = {}
    for part, entries in parts.items():
        names.update(dict.fromkeys(entries))
        for name in entries:
            yield from check(name, f"{at}.{part}[{name}]")
    for name in names:
        yield from _ordered({part: entries.get(name) for part, entries in parts.items()}, at, name)


def _standard_resource(name: str, at: str) -> Iterator[Cause]:
    complaints = qualified_name(name)
    yield from each_invalid(at, name, complaints)
    if (
        not complaints
        and "/" not in name
        and name not in _QUOTA | {"storage"}
        and not name.startswith(_HUGE)
    ):
        yield invalid(at, name, "must be a standard resource type or fully qualified")


_ORDER = (
    ("min", "max", "min", "min", "min", "max"),
    ("min", "defaultRequest", "defaultRequest", "defaultRequest", "min", "default request"),
    ("defaultRequest", "max", "defaultRequest", "defaultRequest", "default request", "max"),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "defaultRequest",
        "default request",
        "default limit",
    ),
    ("min", "default", "default", "min", "min", "default"),
    ("default", "max", "default", "max", "default", "max"),
)
"""Pairs of parts of which the first may not exceed the second: their fields, the field of the
error, the part that it shows, their names in words."""


def _ordered(parts: Mapping[str, Json], at: str, name: str) -> Iterator[Cause]:
    for low, high, field, part, low_name, high_name in _ORDER:
        first, second = parts.get(low), parts.get(high)
        smaller, larger = parse_quantity(first), parse_quantity(second)
        if smaller is not None and larger is not None and smaller > larger:
            detail = (
                f"{low_name} value {canonical(first)} is greater than "
                f"{high_name} value {canonical(second)}"
            )
            yield invalid(f"{at}.{field}[{name}]", canonical(parts.get(part)), detail)
    yield from _ratio(parts, f"{at}.maxLimitRequestRatio[{name}]")
    default, asked = parts.get("default"), parts.get("defaultRequest")
    fixed = is_extended(name) or name.startswith("hugepages-")
    if fixed and None not in (default, asked) and parse_quantity(default) != parse_quantity(asked):
        detail = (
            f"default value {canonical(default)} must equal to defaultRequest value "
            f"{canonical(asked)} in {name}"
        )
        yield invalid(f"{at}.defaultRequest[{name}]", canonical(asked), detail)


_WIDE, _MOST_THOUSANDTHS = 2**63 - 1, (2**63 - 1) // 1000


def _ratio(parts: Mapping[str, Json], at: str) -> Iterator[Cause]:
    """The errors of how much a limit may exceed its request: no more than max exceeds min."""
    written = parts.get("maxLimitRequestRatio")
    ratio = parse_quantity(written)
    if ratio is None:
        return
    shown = canonical(written)
    if ratio < 1:
        yield invalid(at, shown, f"ratio {shown} is less than 1")
    least, most = parse_quantity(parts.get("min")), parse_quantity(parts.get("max"))
    if least is not None and most is not None:
        yield from _above(ratio, least, most, at, shown)


def _quotient(most: int, least: int) -> float:
    """As Go divides floats: by zero too."""
    if least:
        return most / least
    if most > 0:
        return math.inf
    return math.nan


def _above(
    ratio: Fraction, least: Fraction, most: Fraction, at: str, shown: str
) -> Iterator[Cause]:
    """The error of a ratio that the bounds do not allow, in the server's floating point."""
    whole = [min(math.ceil(amount), _WIDE) for amount in (ratio, least, most)]
    if max(whole) < _MOST_THOUSANDTHS:
        whole = [math.ceil(amount * 1000) for amount in (ratio, least, most)]
        bound = whole[0] / 1000
    else:
        bound = float(whole[0])
    limit = _quotient(whole[2], whole[1])
    if bound > limit:
        yield invalid(at, shown, f"ratio {shown} is greater than max/min = {limit:f}")
