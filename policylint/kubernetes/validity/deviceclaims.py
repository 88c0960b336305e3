"""Claims for devices, and the classes that they name (pkg/apis/resource/validation).

Beta versions hold what v1 has below `exactly` in the request itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from policylint.cel.types import BOOL, DYN
from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    invalid,
    required,
    too_long,
)
from policylint.kubernetes.api.reading import has, many, number, objects, text, texts
from policylint.kubernetes.validity.devices import domain_and_id, size, unique
from policylint.kubernetes.validity.expressions import DEVICE, cel_errors
from policylint.kubernetes.validity.formats import (
    dns_label,
    dns_subdomain,
    label_value,
    qualified_name,
)
from policylint.kubernetes.validity.references import driver_name
from policylint.kubernetes.validity.resources import is_extended
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

_DISTINCT = 36
"""The first minor that keeps `distinctAttribute` (feature DRAConsumableCapacity)."""
_DECLARED = 37
"""The first minor that enforces the validation declared in these kinds' types."""
_LONGEST_EXPRESSION = _LONGEST_PARAMETERS = 10 * 1024
_NOT_A_REQUEST = (
    "must be the name of a request in the claim or the name of a request and a subrequest "
    "separated by '/'"
)


def device_claim(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of the devices that a claim asks for."""
    yield from unique(value, "requests", at, "name")
    names = _request_names(value)
    for path, request in objects(value, "requests", at):
        yield from each_invalid(
            f"{path}.name", text(request, "name"), dns_label(text(request, "name"))
        )
        yield from _alternatives(request, path)
        yield from unique(request, "firstAvailable", path, "name")
    for name in ("constraints", "config"):
        yield from size(value, name, at)
        for path, item in objects(value, name, at):
            yield from _references(item, path, names)


def _request_names(value: Object) -> frozenset[str]:
    """What the requests of a claim are called: `name`, and `name/subrequest`."""
    names: set[str] = set()
    for _, request in objects(value, "requests", ""):
        own = text(request, "name")
        names.add(own)
        names |= {f"{own}/{text(sub, 'name')}" for _, sub in objects(request, "firstAvailable", "")}
    return frozenset(names)


def _references(item: Object, at: str, names: frozenset[str]) -> Iterator[Cause]:
    yield from size(item, "requests", at)
    seen: set[str] = set()
    for path, name in texts(item, "requests", at):
        parts = name.split("/")
        for part in parts if len(parts) < 3 else ():
            yield from each_invalid(path, part, dns_label(part))
        if name not in names:
            yield invalid(path, name, _NOT_A_REQUEST)
        if name in seen:
            yield duplicate(path, name)
        seen.add(name)


def _alternatives(request: Object, at: str) -> Iterator[Cause]:
    exactly, first = has(request, "exactly"), bool(many(request, "firstAvailable"))
    if has(request, "deviceClassName"):  # v1beta1: the request itself
        return
    if exactly and first:
        detail = (
            "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set"
        )
        yield invalid(at, None, detail)
    elif not exactly and not first:
        yield required(at, "exactly one of `exactly` or `firstAvailable` is required")


def sub_request(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of one of several ways to meet a request."""
    yield from each_invalid(f"{at}.name", text(value, "name"), dns_label(text(value, "name")))
    yield from device_request(value, at, scope)


def device_request(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of one request for devices."""
    name, mode = text(value, "deviceClassName"), text(value, "allocationMode")
    count = number(value, "count")
    where = f"{at}.deviceClassName"
    yield from each_invalid(where, name, dns_subdomain(name)) if name else [required(where)]
    yield from size(value, "selectors", at)
    if mode == "All" and count:
        yield invalid(f"{at}.count", count, "must not be specified when allocationMode is 'All'")
    if mode != "All" and count is not None and count < 0:
        yield invalid(f"{at}.count", count, "must be greater than zero")


def inline_request(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a request that is its own exact request, as v1beta1 writes it."""
    if has(value, "deviceClassName"):
        yield from device_request(value, at, scope)


def toleration(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a toleration of a device's taint."""
    key, taint_value = text(value, "key"), text(value, "value")
    if key:
        yield from each_invalid(f"{at}.key", key, qualified_name(key))
    if text(value, "operator") == "Exists":
        if taint_value:
            yield invalid(f"{at}.value", taint_value, "must be empty for operator `Exists`")
    else:
        yield from each_invalid(f"{at}.value", taint_value, label_value(taint_value))


def cel_selector(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of an expression that chooses devices."""
    expression = text(value, "expression")
    if len(expression.encode()) > _LONGEST_EXPRESSION:
        yield too_long(f"{at}.expression", _LONGEST_EXPRESSION)
    else:
        yield from cel_errors(expression, f"{at}.expression", DEVICE, (BOOL, DYN), scope.minor)


def opaque_config(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a configuration that only a driver understands."""
    yield from driver_name(text(value, "driver"), f"{at}.driver")
    parameters, where = value.get("parameters"), f"{at}.parameters"
    if parameters is None:
        yield required(where)
    elif len(json.dumps(parameters, separators=(",", ":")).encode()) > _LONGEST_PARAMETERS:
        yield too_long(where, _LONGEST_PARAMETERS)
    elif not isinstance(parameters, dict):
        yield invalid(where, "<value omitted>", "must be a valid JSON object")


def device_class(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a DeviceClass's spec."""
    yield from size(spec, "selectors", at)
    yield from size(spec, "config", at)
    name = text(spec, "extendedResourceName")
    if has(spec, "extendedResourceName") and not is_extended(name):
        yield invalid(f"{at}.extendedResourceName", name, "must be a valid extended resource name")


def device_constraint(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of what several devices must have in common; of two attributes servers before 1.37
    look at the first alone."""
    names = [name for name in ("matchAttribute", "distinctAttribute") if has(value, name)]
    if not names and scope.minor >= _DISTINCT:
        detail = (
            'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple '
            "fields are set"
        )
        yield required(at, detail)
    elif not names:
        yield required(f"{at}.matchAttribute")
    judged = names if scope.minor >= _DECLARED else names[:1]
    for name in judged:
        qualified = text(value, name)
        yield from domain_and_id(qualified, f"{at}.{name}")
        if "/" not in qualified:
            detail = "a fully qualified name must be a domain and a name separated by a slash"
            yield invalid(f"{at}.{name}", qualified, detail)
