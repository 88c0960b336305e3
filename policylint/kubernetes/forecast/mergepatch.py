"""JSON merge patches (RFC 7386), which Helm 3 sends for custom resources."""

from __future__ import annotations

from collections.abc import Mapping

from policylint.kubernetes.forecast.strategic import differ
from policylint.kubernetes.forecast.strategicapply import Patch
from policylint.model import Json, Object

_EXACT = 2**53
_TOO_LARGE = float(2**63)


def merge_patch(original: Mapping[str, Json], modified: Mapping[str, Json], live: Object) -> Object:
    """The live object after the JSON merge patch that Helm 3 sends for kinds its client does not
    know."""
    return _apply_merge(live, merge_delta(original, modified))


def merge_delta(original: Mapping[str, Json], modified: Mapping[str, Json]) -> Patch:
    """The JSON merge patch from one object to another; empty where they are equal."""
    patch: Patch = {key: None for key in original if key not in modified}
    for key, value in modified.items():
        have = original.get(key)
        if isinstance(have, dict) and isinstance(value, dict):
            inner = merge_delta(have, value)
            if inner:
                patch[key] = inner
        elif key not in original or differ(have, value):
            patch[key] = _as_floats(value)
    return patch


def _as_floats(value: Json) -> Json:
    """A value as the patch carries it: evanphx/json-patch reads every number into a float64, which
    holds no more than 53 bits."""
    if isinstance(value, dict):
        return {key: _as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_floats(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) <= _EXACT:
        return value
    number = float(value)
    if abs(number) < _TOO_LARGE:
        return int(number)
    return number


def _apply_merge(live: Mapping[str, Json], patch: Mapping[str, Json]) -> Patch:
    merged = dict(live)
    for key, value in patch.items():
        have = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = _apply_merge(have if isinstance(have, dict) else {}, value)
        else:
            merged[key] = value
    return merged
