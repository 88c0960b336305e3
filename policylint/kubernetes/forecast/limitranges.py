"""What a LimitRange of the namespace says of a new Pod or claim.

Defaults are filled in first, then limits are checked. Source: the LimitRanger admission plugin and
SetDefaults_LimitRangeItem of k8s.io/kubernetes; messages as recorded from Kubernetes 1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from policylint.kubernetes.api.quantity import canonical_amount, parse_quantity
from policylint.kubernetes.api.reading import items, part
from policylint.model import Json, Object

Amounts = Mapping[str, Json]
"""Quantities by resource, as they are written."""

_NONE = Fraction(0)


def of_pod(spec: Object, limits: Object) -> Iterator[str]:
    """What the items of a LimitRange's spec say against a Pod's spec."""
    rules = [part(item) for item in items(limits.get("limits"))]
    mine = [rule for rule in rules if rule.get("type") == "Container"]
    for name in ("containers", "initContainers"):
        for container in map(part, items(spec.get(name))):
            resources = part(container, "resources")
            requests, most = _with_defaults(resources, mine)
            yield from _over_default(resources, most)
            for rule in mine:
                yield from _outside(rule, requests, most, "Container")
    for rule in rules:
        if rule.get("type") == "Pod":
            yield from _outside(rule, *of_whole_pod(spec, mine), "Pod")


def completed(spec: Object, limits: Iterable[Object]) -> Object:
    """A Pod's spec with the requests and limits that the specs of LimitRanges give its
    containers."""
    rules = [part(item) for limit in limits for item in items(limit.get("limits"))]
    mine = [rule for rule in rules if rule.get("type") == "Container"]
    filled: dict[str, Json] = {}
    for name in ("containers", "initContainers"):
        filled[name] = [_completed(part(item), mine) for item in items(spec.get(name))]
    return {**spec, **filled}


def _completed(container: Object, rules: list[Object]) -> Object:
    requests, most = _with_defaults(part(container, "resources"), rules)
    return {**container, "resources": {"requests": requests, "limits": most}}


def _over_default(resources: Object, most: Amounts) -> Iterator[str]:
    """What is requested beyond a limit that only the LimitRange gives."""
    own = part(resources, "limits")
    for name, written in part(resources, "requests").items():
        request, limit = parse_quantity(written), parse_quantity(most.get(name))
        if name not in own and request is not None and limit is not None and request > limit:
            yield (
                f"{name} request {written} must be less than or equal to {name} limit of "
                f"{most[name]}, the default"
            )


def of_whole_pod(spec: Object, rules: list[Object]) -> tuple[Amounts, Amounts]:
    """(requests, limits) of a Pod as a whole: its own, else those of its containers together."""
    regular = [
        _with_defaults(part(entry, "resources"), rules)
        for entry in map(part, items(spec.get("containers")))
    ]
    initial: list[tuple[Amounts, Amounts, bool]] = []
    for entry in map(part, items(spec.get("initContainers"))):
        requests, most = _with_defaults(part(entry, "resources"), rules)
        initial.append((requests, most, entry.get("restartPolicy") == "Always"))
    requests = _together(
        [requests for requests, _ in regular],
        [(requests, is_sidecar) for requests, _, is_sidecar in initial],
    )
    most = _together(
        [most for _, most in regular], [(most, is_sidecar) for _, most, is_sidecar in initial]
    )
    own = part(spec, "resources")
    own_limits = part(own, "limits")
    return {**own_limits, **requests, **part(own, "requests")}, {**most, **own_limits}


def _together(regular: Iterable[Amounts], initial: Iterable[tuple[Amounts, bool]]) -> Amounts:
    """What containers ask for at the same time: all regular ones and sidecars, or one init
    container with the sidecars before it."""
    running: dict[str, Fraction] = {}
    sidecars: dict[str, Fraction] = {}
    peak: dict[str, Fraction] = {}
    for amounts in regular:
        _add(running, amounts)
    for amounts, is_sidecar in initial:
        alone = dict(sidecars)
        _add(alone, amounts)
        if is_sidecar:
            _add(running, amounts)
            sidecars = alone
        peak = {name: max(alone.get(name, _NONE), peak.get(name, _NONE)) for name in alone | peak}
    return {
        name: canonical_amount(max(running.get(name, _NONE), peak.get(name, _NONE)))
        for name in running | peak
    }


def _add(total: dict[str, Fraction], amounts: Amounts) -> None:
    for name, written in amounts.items():
        total[name] = total.get(name, _NONE) + (parse_quantity(written) or _NONE)


def of_claim(spec: Object, limits: Object) -> Iterator[str]:
    """What the items of a LimitRange's spec say against a claim's spec."""
    requests = part(spec, "resources", "requests")
    for rule in map(part, items(limits.get("limits"))):
        if rule.get("type") == "PersistentVolumeClaim":
            yield from _below(part(rule, "min"), requests, {}, rule["type"])
            yield from _above(part(rule, "max"), (("request", requests),), rule["type"])


def _with_defaults(resources: Object, rules: Iterable[Object]) -> tuple[Amounts, Amounts]:
    """(requests, limits) of a container with the defaults of its namespace.

    `max` stands for a default limit, the limit for a default request, `min` for the least of all;
    a request that is not written is the container's own limit before any default.
    """
    most = dict(part(resources, "limits"))
    requests = {**most, **part(resources, "requests")}
    for rule in rules:
        default = {**part(rule, "max"), **part(rule, "default")}
        wished = {**part(rule, "min"), **default, **part(rule, "defaultRequest")}
        most = {**default, **most}
        requests = {**wished, **requests}
    return requests, most


def _outside(rule: Object, requests: Amounts, most: Amounts, kind: str) -> Iterator[str]:
    yield from _below(part(rule, "min"), requests, most, kind)
    yield from _above(part(rule, "max"), (("limit", most), ("request", requests)), kind)
    for name, ratio in part(rule, "maxLimitRequestRatio").items():
        limit, request = parse_quantity(most.get(name)), parse_quantity(requests.get(name))
        wanted = parse_quantity(ratio)
        if not limit or not request or wanted is None:
            yield (
                f"{name} max limit to request ratio per {kind} is {ratio}, "
                "but no limit or request is specified"
            )
        elif limit / request > wanted:
            ratio_here = float(limit / request)
            yield (
                f"{name} max limit to request ratio per {kind} is {ratio}, "
                f"but provided ratio is {ratio_here:f}"
            )


def _below(bounds: Amounts, requests: Amounts, most: Amounts, kind: str) -> Iterator[str]:
    """Requests and limits below a minimum; a request that is not written is below any."""
    for name, value in bounds.items():
        least = parse_quantity(value) or _NONE
        usage = f"minimum {name} usage per {kind} is {value}"
        request, limit = parse_quantity(requests.get(name)), parse_quantity(most.get(name))
        if request is None:
            yield f"{usage}.  No request is specified"
        elif request < least:
            yield f"{usage}, but request is {requests[name]}"
        elif limit is not None and limit < least:
            yield f"{usage}, but limit is {most[name]}"


def _above(bounds: Amounts, asked: tuple[tuple[str, Amounts], ...], kind: str) -> Iterator[str]:
    """Amounts above a maximum, each as it is called; where the first is not written, it is above
    any."""
    for name, value in bounds.items():
        usage = f"maximum {name} usage per {kind} is {value}"
        first, amounts = asked[0]
        if parse_quantity(amounts.get(name)) is None:
            yield f"{usage}.  No {first} is specified"
            continue
        for what, written in asked:
            amount = parse_quantity(written.get(name))
            if amount is not None and amount > (parse_quantity(value) or _NONE):
                yield f"{usage}, but {what} is {written[name]}"
                break
