"""Maps laid over each other, as Helm lays values files and GitOps tools lay their templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def laid_over(
    below: Mapping[str, Any], above: Mapping[str, Any], *, appends: bool = False
) -> dict[str, Any]:
    """`below` with `above` over it: maps merge, everything else (null too) replaces; with `appends`
    a list follows the one below it."""
    result = dict(below)
    for key, value in above.items():
        present = result.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            result[key] = laid_over(present, value, appends=appends)
        elif appends and isinstance(present, list) and isinstance(value, list):
            result[key] = [*present, *value]
        else:
            result[key] = value
    return result
