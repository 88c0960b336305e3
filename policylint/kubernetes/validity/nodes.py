"""Runtime classes, leases, device claims, namespaces."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import (
    NOT_NEGATIVE,
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    required,
)
from policylint.kubernetes.api.reading import fields, has, items, many, number, text
from policylint.kubernetes.validity.formats import c_identifier, dns_label, dns_subdomain
from policylint.kubernetes.validity.metadata import labels
from policylint.kubernetes.validity.resources import NEEDS_COMPUTE, needs_compute, resource_amount
from policylint.kubernetes.validity.scope import Scope
from policylint.kubernetes.validity.storage import driver_name
from policylint.model import Cause, Object

_DISTINCT = 36
"""The first minor that keeps `distinctAttribute` (feature DRAConsumableCapacity)."""


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


def lease(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a Lease's spec."""
    seconds = number(spec, "leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        yield invalid(f"{at}.leaseDurationSeconds", seconds, "must be greater than 0")


def device_claim(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of the devices that a claim asks for."""
    seen: set[str] = set()
    for path, request in items(value, "requests", at):
        name = text(request, "name")
        yield from each_invalid(f"{path}.name", name, dns_label(name))
        if name in seen:
            yield duplicate(path, name)
        seen.add(name)
        yield from _one_way(request, path)
    if len(many(value, "requests")) > 32:
        yield invalid(f"{at}.requests", len(many(value, "requests")), "must have at most 32 items")


def _one_way(request: Object, at: str) -> Iterator[Cause]:
    exactly, first = has(request, "exactly"), bool(many(request, "firstAvailable"))
    if has(request, "deviceClassName"):  # v1beta1: the request itself
        return
    if exactly and first:
        yield invalid(
            at,
            None,
            "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set",
        )
    elif not exactly and not first:
        yield required(at, "exactly one of `exactly` or `firstAvailable` is required")


def opaque_config(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a configuration that only a driver understands."""
    yield from driver_name(text(value, "driver"), f"{at}.driver")


def device_constraint(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of what several devices must have in common."""
    if (
        scope.minor >= _DISTINCT
        and not has(value, "matchAttribute")
        and not has(value, "distinctAttribute")
    ):
        detail = (
            'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple '
            "fields are set"
        )
        yield required(at, detail)
    for name in ("matchAttribute", "distinctAttribute"):
        given = text(value, name)
        domain, slash, identifier = given.partition("/")
        if has(value, name) and not (slash and domain and identifier):
            detail = "a fully qualified name must be a domain and a name separated by a slash"
            yield invalid(f"{at}.{name}", given, detail)
        elif given:
            yield from each_invalid(f"{at}.{name}", domain, dns_subdomain(domain))
            yield from each_invalid(f"{at}.{name}", identifier, c_identifier(identifier))


def controller_revision(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a ControllerRevision."""
    revision = number(obj, "revision") or 0
    if revision < 0:
        yield invalid("revision", revision, NOT_NEGATIVE)
    if not has(obj, "data"):
        yield required("data", "data is mandatory")


def device_request(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of one request for devices."""
    name, mode, count = (
        text(value, "deviceClassName"),
        text(value, "allocationMode"),
        number(value, "count"),
    )
    where = f"{at}.deviceClassName"
    yield from each_invalid(where, name, dns_subdomain(name)) if name else [required(where)]
    if mode == "All" and count:
        yield invalid(f"{at}.count", count, "must not be specified when allocationMode is 'All'")
    if mode != "All" and count is not None and count < 0:
        yield invalid(f"{at}.count", count, "must be greater than zero")
