"""Every function policylint evaluates in CEL, by the name a call has once its namespace is spelled
out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policylint.cel import (
    formats,
    formatting,
    lists,
    network,
    operators,
    quantity,
    regex,
    semver,
    strings,
    times,
    urls,
)
from policylint.cel.values import CelError


def _ordered(accept: Callable[[int], Any]) -> Callable[[Any, Any], Any]:
    def call(left: Any, right: Any) -> Any:
        both = (quantity.Quantity, semver.Semver)
        if type(left) is not type(right) or not isinstance(left, both):
            raise CelError("no such overload")
        return accept(int(left > right) - int(left < right))

    return call


_SHARED: dict[str, Callable[..., Any]] = {
    "compareTo": _ordered(lambda order: order),
    "isGreaterThan": _ordered(lambda order: order > 0),
    "isLessThan": _ordered(lambda order: order < 0),
}
"""What quantities and semantic versions both have."""

_MODULES = (
    operators,
    times,
    strings,
    formatting,
    regex,
    lists,
    quantity,
    semver,
    network,
    urls,
    formats,
)

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: call for module in _MODULES for name, call in module.FUNCTIONS.items()
}
FUNCTIONS |= _SHARED
