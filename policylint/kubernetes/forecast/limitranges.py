"""What a LimitRange of the namespace says of a new Pod or claim.

Defaults are filled in first, then limits are checked. Source: the LimitRanger admission plugin and
SetDefaults_LimitRangeItem of k8s.io/kubernetes; messages as recorded from Kubernetes 1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from policylint.kubernetes.api.quantity import parse_quantity
from policylint.kubernetes.api.reading import items, part
from policylint.model import Json, Object

Amounts = Mapping[str, Json]
"""Quantities by resource, as they are written."""


def of_pod(spec: Object, limits: Object) -> Iterator[str]:
    """What the items of a LimitRange's spec say against a Pod's spec."""
    rules = [part(item) for item in items(limits.get("limits"))]
    containers = [
        part(entry) for name in ("containers", "initContainers") for entry in items(spec.get(name))
    ]
    mine = [rule for rule in rules if rule.get("type") == "Container"]
    for container in containers:
        requests, most = _with_defaults(part(container, "resources"), mine)
        for rule in mine:
            yield from _outside(rule, requests, most, "Container")


def of_claim(spec: Object, limits: Object) -> Iterator[str]:
    """What the items of a LimitRange's spec say against a claim's spec."""
    requests = part(spec, "resources", "requests")
    for rule in map(part, items(limits.get("limits"))):
        if rule.get("type") == "PersistentVolumeClaim":
            yield from _beyond(part(rule, "min"), requests, "minimum", "request", rule["type"])
            yield from _beyond(part(rule, "max"), requests, "maximum", "request", rule["type"])


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
    yield from _beyond(part(rule, "min"), requests, "minimum", "request", kind)
    yield from _beyond(part(rule, "max"), most, "maximum", "limit", kind)
    for name, ratio in part(rule, "maxLimitRequestRatio").items():
        limit, request = parse_quantity(most.get(name)), parse_quantity(requests.get(name))
        wanted = parse_quantity(ratio)
        if limit is None or not request or wanted is None:
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


def _beyond(bounds: Amounts, amounts: Amounts, bound: str, what: str, kind: str) -> Iterator[str]:
    """Amounts below a minimum or above a maximum; one that is not written is beyond any."""
    for name, value in bounds.items():
        limit, amount = parse_quantity(value), parse_quantity(amounts.get(name))
        usage = f"{bound} {name} usage per {kind} is {value}"
        if amount is None:
            yield f"{usage}.  No {what} is specified"
        elif limit is not None and _is_beyond(amount, limit, bound):
            yield f"{usage}, but {what} is {amounts[name]}"


def _is_beyond(amount: Fraction, limit: Fraction, bound: str) -> bool:
    if bound == "minimum":
        return amount < limit
    return amount > limit
