"""A chart's defaults and a user's values made one, down through the charts in charts/, as Helm does
it.

Source: chart/common/util/coalesce.go of Helm 3.22 and 4.3. Helm 4 drops the nulls of a chart's own
defaults, Helm 3 keeps them; that is the one difference between the lines.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from policylint.errors import RenderError
from policylint.helm.values.chart import Chart
from policylint.helm.values.tables import Table, Warn, copy, ignore, overlay, without_nulls

GLOBAL = "global"


class _Way(Struct, frozen=True):
    """How to coalesce: nulls of the user kept (for a later pass), nulls of defaults dropped (Helm
    4)."""

    keep_nulls: bool
    drop_default_nulls: bool
    warn: Warn


def coalesce(chart: Chart, user: Table, helm: str, warn: Warn = ignore) -> Table:
    """The values of a chart and its subcharts under a user's values, nulls worked off.

    `helm` is the line, "3" or "4". Raises `RenderError` when a subchart's values are no map.
    """
    return _chart(chart, copy(user), "", _Way(False, helm != "3", warn))


def merge(chart: Chart, user: Table, helm: str, warn: Warn = ignore) -> Table:
    """As `coalesce`, with nulls kept for a later pass: what `import-values` works on."""
    return _chart(chart, copy(user), "", _Way(True, helm != "3", warn))


def scopes(chart: Chart, values: Table) -> dict[str, Table]:
    """What `.Values` is inside the templates of each chart, by full path (`app/charts/db`)."""
    return dict(_scopes(chart, values, chart.name))


def _scopes(chart: Chart, values: Table, path: str) -> list[tuple[str, Table]]:
    rows = [(path, values)]
    for child in chart.charts:
        inner = values.get(child.name)
        rows += _scopes(
            child, inner if isinstance(inner, dict) else {}, f"{path}/charts/{child.name}"
        )
    return rows


def _chart(chart: Chart, values: Table, prefix: str, way: _Way) -> Table:
    place = f"{prefix}.{chart.name}" if prefix else chart.name
    _defaults(chart, values, place, way)
    for child in chart.charts:
        inner = values.setdefault(child.name, {})
        if not isinstance(inner, dict):
            raise RenderError(
                f"type mismatch on {child.name}: the values of subchart {child.name!r} are "
                f"{_kind(inner)}, not a map",
                remedy=f"make `{child.name}` a map in the values, or leave it out",
            )
        _globals(inner, values, way.warn)
        values[child.name] = _chart(child, inner, place, way)
    return values


def _defaults(chart: Chart, values: Table, place: str, way: _Way) -> None:
    for key, default in copy(chart.values).items():
        keep = _keeps_nulls(chart, key, values, way)
        clean = way.drop_default_nulls and not keep
        if clean and isinstance(default, dict):
            without_nulls(default)
        if key not in values:
            if default is not None or not clean:
                values[key] = default
        elif values[key] is not None:
            _default(values[key], default, f"{place}.{key}", keep, way.warn)
        elif not way.keep_nulls:
            del values[key]


def _keeps_nulls(chart: Chart, key: str, values: Table, way: _Way) -> bool:
    """Whether nulls at a key stay: those of a subchart must survive until its own defaults are
    seen."""
    if way.keep_nulls:
        return True
    is_subchart = any(child.name == key for child in chart.charts)
    return is_subchart and isinstance(values.get(key), dict)


def _default(value: Any, default: Any, place: str, keep: bool, warn: Warn) -> None:
    """Fill a value of the user with the chart's default, where both are tables."""
    if not isinstance(value, dict):
        return
    if isinstance(default, dict):
        overlay(value, default, keep_nulls=keep, warn=warn, prefix=place)
    elif default is not None:
        warn(f"warning: skipped value for {place}: Not a table.")


def _globals(inner: Table, outer: Table, warn: Warn) -> None:
    """Hand the parent's globals down; the parent wins, except that maps and non-maps never replace
    each other."""
    target, source = inner.get(GLOBAL, {}), outer.get(GLOBAL, {})
    if not isinstance(target, dict) or not isinstance(source, dict):
        if isinstance(target, dict):
            which = "source"
        else:
            which = "destination"
        warn(f"warning: skipping globals because {which} {GLOBAL} is not a table.")
        return
    for key, value in source.items():
        below = target.get(key)
        if not isinstance(value, dict):
            if isinstance(below, dict):
                warn(f"key {key} is table. Skipping")
            else:
                target[key] = value
        elif key not in target:
            target[key] = dict(value)
        elif isinstance(below, dict):
            target[key] = overlay(dict(value), below, keep_nulls=True, warn=warn, prefix=key)
        else:
            warn(f'Conflict: cannot merge map onto non-map for "{key}". Skipping.')
    inner[GLOBAL] = target


def _kind(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
    }
    return names.get(type(value), "something else")
