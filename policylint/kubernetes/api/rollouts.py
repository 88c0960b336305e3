"""How many pods a rolling update may take or must keep, as the Deployment controller counts
them."""

from __future__ import annotations

import math

from policylint.kubernetes.api.reading import at
from policylint.model import Json, Object
from policylint.runtime.digits import whole, whole_or


def scaled(value: Json, total: int, *, up: bool) -> int:
    """An int-or-percent of `total`; percentages are rounded up or down (k8s.io/apimachinery
    intstr)."""
    if isinstance(value, str) and value.endswith("%") and whole(value[:-1]) is not None:
        share = total * whole_or(value[:-1], 0) / 100
        if up:
            return math.ceil(share)
        return math.floor(share)
    if isinstance(value, int):
        return value
    return 0


def max_unavailable(spec: Object) -> int:
    """How many pods of a Deployment may be missing during a rollout: 25 % rounded down unless
    given.

    Where both bounds come to 0 the controller takes 1 (ResolveFenceposts).
    """
    replicas = spec.get("replicas", 1)
    total = replicas if isinstance(replicas, int) else 1
    bound = at(spec, "strategy", "rollingUpdate", "maxUnavailable")
    surge = at(spec, "strategy", "rollingUpdate", "maxSurge")
    missing = scaled("25%" if bound is None else bound, total, up=False)
    extra = scaled("25%" if surge is None else surge, total, up=True)
    if missing == 0 and extra == 0:
        return 1
    return missing


def min_ready(spec: Object) -> int:
    """How many pods `helm --wait` waits for: replicas less maxUnavailable."""
    replicas = spec.get("replicas", 1)
    total = replicas if isinstance(replicas, int) else 1
    if at(spec, "strategy", "type") == "Recreate":
        return total
    return max(0, total - max_unavailable(spec))


def max_surge(spec: Object) -> int:
    """How many pods of a Deployment a rollout may start beyond its replicas: 25 % rounded up unless
    given."""
    replicas = spec.get("replicas", 1)
    total = replicas if isinstance(replicas, int) else 1
    surge = at(spec, "strategy", "rollingUpdate", "maxSurge")
    return scaled("25%" if surge is None else surge, total, up=True)
