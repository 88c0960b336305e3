"""Maps laid over each other, as Helm lays values files and GitOps tools lay their templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`below` with `above` over it: maps merge, everything else (lists and null too) replaces."""
    result = dict(below)
    for key, value in above.items():
        present = result.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            result[key] = laid_over(present, value)
        else:
            result[key] = value
    return result
