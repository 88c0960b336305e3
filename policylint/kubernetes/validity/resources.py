"""Requests and limits of containers and pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from policylint.kubernetes.api.fielderrors import (
    NOT_NEGATIVE,
    each_invalid,
    forbidden,
    invalid,
    required,
    unsupported,
)
from policylint.kubernetes.api.quantity import canonical, canonical_amount, parse_quantity
from policylint.kubernetes.api.reading import amounts, fields, has, objects, text
from policylint.kubernetes.validity.formats import qualified_name
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Json, Object

_STANDARD = frozenset({"cpu", "memory", "ephemeral-storage"})
_HUGE = "hugepages-"
_NATIVE = "kubernetes.io/"
NEEDS_COMPUTE = "HugePages require cpu or memory"


def requirements(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a container's resources."""
    limits, requests = amounts(value, "limits"), amounts(value, "requests")
    for name, amount in limits.items():
        yield from resource_amount(name, amount, f"{at}.limits[{name}]")
    for name, amount in requests.items():
        yield from resource_amount(name, amount, f"{at}.requests[{name}]")
        yield from _request(name, amount, limits, at)
    if needs_compute({**limits, **requests}):
        yield forbidden(at, NEEDS_COMPUTE)


def overhead(spec: Object, at: str) -> Iterator[Cause]:
    """The errors of what a pod needs besides its containers, judged as limits of one."""
    limits = amounts(spec, "overhead")
    for name, amount in limits.items():
        yield from resource_amount(name, amount, f"{at}.limits[{name}]")
    if needs_compute(limits):
        yield forbidden(at, NEEDS_COMPUTE)


def pod_resources(spec: Object, at: str) -> Iterator[Cause]:
    """The errors of a pod's own resources: which there may be, and what its containers ask for
    together."""
    own = fields(spec, "resources")
    if text(fields(spec, "os"), "name") == "windows":
        yield forbidden(f"{at}.resources", "may not be set for a windows pod")
        return
    for part in ("limits", "requests"):
        for name in amounts(own, part):
            if name not in ("cpu", "memory") and not name.startswith(_HUGE):
                yield unsupported(
                    f"{at}.resources.{part}[{name}]", name, ("cpu", "hugepages-", "memory")
                )
    if has(own, "claims"):
        yield forbidden(
            f"{at}.resources.claims", "claims may not be set for Resources at pod-level"
        )
    for name, amount in amounts(own, "requests").items():
        wanted, most = _together(spec, name), parse_quantity(amount)
        if most is not None and wanted > most:
            detail = (
                "must be greater than or equal to aggregate container requests of "
                f"{canonical_amount(wanted)}"
            )
            yield invalid(f"{at}.resources.requests[{name}]", canonical(amount), detail)
    yield from _container_limits(spec, own, at)


def requests_of_pod(spec: Object) -> Iterator[Cause]:
    """The errors of the requests that a new Pod as a whole is given: those of its containers."""
    own = fields(spec, "resources")
    asked = amounts(own, "requests")
    for name, amount in amounts(own, "limits").items():
        most, wanted = parse_quantity(amount), _together(spec, name)
        if name not in asked and most is not None and wanted > most:
            detail = f"must be less than or equal to {name} limit of {canonical(amount)}"
            yield invalid("spec.resources.requests", canonical_amount(wanted), detail)


def _container_limits(spec: Object, own: Object, at: str) -> Iterator[Cause]:
    most = amounts(own, "limits")
    for index, (_, container) in enumerate(objects(spec, "containers", at)):
        for name, amount in amounts(fields(container, "resources"), "limits").items():
            limit, wanted = parse_quantity(most.get(name)), parse_quantity(amount)
            if limit is not None and wanted is not None and wanted > limit:
                detail = f"must be less than or equal to pod limits of {canonical(most[name])}"
                yield invalid(
                    f"{at}.containers[{index}].resources.limits[{name}]", canonical(amount), detail
                )


def _together(spec: Object, name: str) -> Fraction:
    """What a pod's containers request at the same time: all regular ones and sidecars, or one init
    container more."""

    def asked(container: Object) -> Fraction:
        return parse_quantity(
            amounts(fields(container, "resources"), "requests").get(name)
        ) or Fraction(0)

    running = peak = Fraction(0)
    for _, container in objects(spec, "initContainers", ""):
        if text(container, "restartPolicy") == "Always":
            running += asked(container)
            peak = max(peak, running)
        else:
            peak = max(peak, running + asked(container))
    return max(
        peak,
        running
        + sum((asked(regular) for _, regular in objects(spec, "containers", "")), Fraction(0)),
    )


def needs_compute(requested: Mapping[str, Json]) -> bool:
    """Whether huge pages are asked for without processor or memory."""
    return any(name.startswith(_HUGE) for name in requested) and not requested.keys() & {
        "cpu",
        "memory",
    }


def resource_amount(name: str, amount: Json, at: str) -> Iterator[Cause]:
    """The errors of one entry of a container's requests or limits."""
    yield from container_resource(name, at)
    yield from quantity_of(name, amount, at)
    if name.startswith(_HUGE):
        size = parse_quantity(name.removeprefix(_HUGE))
    else:
        size = None
    number = parse_quantity(amount)
    if size and number is not None and (number < 0 or number % size):
        shown = canonical(amount)
        yield invalid(at, shown, f"{shown} is not positive integer multiple of {name}")


def quantity_of(name: str, amount: Json, at: str) -> Iterator[Cause]:
    """The errors of a resource's quantity: not negative, and whole where the resource is
    counted."""
    number = parse_quantity(amount)
    if number is None:
        return
    if number < 0:
        yield invalid(at, canonical(amount), NOT_NEGATIVE)
    if is_counted(name) and not is_whole(amount):
        yield invalid(at, canonical(amount), "must be an integer")


def is_whole(amount: Json) -> bool:
    """Whether the server takes a quantity for a whole number: it looks at the thousandths, which of
    a large number written without an exponent are what is left of 64 bits."""
    number = parse_quantity(amount)
    if number is None or number.denominator != 1:
        return number is None
    if "e" in str(amount).lower() and not str(amount).endswith("Ei"):
        return True
    thousandths = (int(number) * 1000 + (1 << 63)) % (1 << 64) - (1 << 63)
    return thousandths % 1000 == 0


def container_resource(name: str, at: str) -> Iterator[Cause]:
    """The errors of a resource's name in a container."""
    complaints = qualified_name(name)
    yield from each_invalid(at, name, complaints)
    if complaints or "/" not in name:
        if not complaints and name not in _STANDARD and not name.startswith(_HUGE):
            yield invalid(at, name, "must be a standard resource type or fully qualified")
            yield invalid(at, name, "must be a standard resource for containers")
    elif _NATIVE not in name and not is_extended(name):
        yield invalid(at, name, "doesn't follow extended resource name standard")


def is_extended(name: str) -> bool:
    """Whether a name is that of an extended resource: with a domain, neither Kubernetes' own nor
    for quotas."""
    if "/" not in name or _NATIVE in name or name.startswith("requests."):
        return False
    return not qualified_name(f"requests.{name}")


def is_counted(name: str) -> bool:
    """Whether a resource comes in whole numbers."""
    return is_extended(name)


def _request(name: str, amount: Json, limits: Mapping[str, Json], at: str) -> Iterator[Cause]:
    wanted, limit = parse_quantity(amount), parse_quantity(limits.get(name))
    fixed = is_extended(name) or name.startswith(_HUGE)
    if wanted is None:
        return
    if limit is None:
        if fixed:
            yield required(f"{at}.limits", "Limit must be set for non overcommitable resources")
    elif fixed and wanted != limit:
        detail = f"must be equal to {name} limit of {canonical(limits[name])}"
        yield invalid(f"{at}.requests", canonical(amount), detail)
    elif wanted > limit:
        detail = f"must be less than or equal to {name} limit of {canonical(limits[name])}"
        yield invalid(f"{at}.requests", canonical(amount), detail)
