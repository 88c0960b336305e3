"""Which of a chart's dependencies take part, under which name, and what they export into their
parent.

Source: chartutil/dependencies.go of Helm 3.22 and chart/v2/util/dependencies.go of 4.3: tags first,
then the first condition path that holds a boolean; values imported from a child rank below the
parent's own.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from policylint.helm.values.chart import Chart, Dependency
from policylint.helm.values.coalesce import coalesce, merge
from policylint.helm.values.semver import admits
from policylint.helm.values.tables import Table, Warn, copy, ignore, overlay, scalar, subtable


def process(chart: Chart, user: Table, helm: str, warn: Warn = ignore) -> Chart:
    """The chart as Helm renders it: dependencies aliased and switched off, imported values among
    its defaults.

    A chart of a release record has been processed already and is returned as it is.
    """
    if chart.stored:
        return chart
    return _import_values(_enable(chart, user, helm, "", warn), helm, warn)


def matches(dependency: Dependency, chart: Chart) -> bool:
    """Whether a chart in charts/ is the one that a dependency names."""
    return chart.name == dependency.name and admits(dependency.version, chart.version)


def _enable(chart: Chart, user: Table, helm: str, path: str, warn: Warn) -> Chart:
    if chart.dependencies is None:
        return chart  # Helm does not look further down either
    chart = replace(chart, charts=_named(chart, chart.dependencies))
    values = coalesce(chart, user, helm, warn)
    aliased = [replace(dependency, name=dependency.key) for dependency in chart.dependencies or ()]
    off = _switched_off(aliased, values, path, warn)
    taking_part = _seen_twice([child for child in chart.charts if child.name not in off], helm)
    children = tuple(
        _enable(child, values, helm, f"{path}{child.name}.", warn) for child in taking_part
    )
    kept = tuple(dependency for dependency in aliased if dependency.name not in off)
    return replace(chart, charts=children, dependencies=kept or None)


def _switched_off(dependencies: list[Dependency], values: Table, path: str, warn: Warn) -> set[str]:
    """The names of the dependencies that a tag or a condition switches off."""
    return {
        dependency.name
        for dependency in dependencies
        if not _is_enabled(dependency, values, path, warn)
    }


def _named(chart: Chart, dependencies: tuple[Dependency, ...]) -> tuple[Chart, ...]:
    """The charts in charts/, those that no dependency names first, the others by their alias."""
    undeclared = [child for child in chart.charts if not _is_declared(child, dependencies)]
    aliased = [_aliased(chart, dependency) for dependency in dependencies]
    return (*undeclared, *(child for child in aliased if child is not None))


def _is_declared(chart: Chart, dependencies: tuple[Dependency, ...]) -> bool:
    return any(matches(dependency, chart) for dependency in dependencies)


def _seen_twice(charts: list[Chart], helm: str) -> list[Chart]:
    """Helm 3 shares the dependency list of a chart that takes part twice: the second has names and
    imports used up."""
    paths = [chart.path for chart in charts]
    return [
        _used_up(chart) if helm == "3" and chart.path in paths[:position] else chart
        for position, chart in enumerate(charts)
    ]


def _used_up(chart: Chart) -> Chart:
    wishes = chart.dependencies
    return replace(
        chart,
        dependencies=wishes and tuple(replace(wish, name=wish.key, imports=()) for wish in wishes),
    )


def _aliased(chart: Chart, wish: Dependency) -> Chart | None:
    for child in chart.charts:
        if matches(wish, child):
            return replace(child, name=wish.key)
    return None


def _is_enabled(wish: Dependency, values: Table, path: str, warn: Warn) -> bool:
    enabled = _by_tags(wish, subtable(values, "tags") or {}, warn)
    for condition in wish.condition.strip().split(","):
        if not condition:
            continue
        is_set, value = scalar(values, path + condition)
        if is_set and isinstance(value, bool):
            return value
        if is_set:
            warn(
                f"Warning: Condition path '{condition}' for chart {wish.name} returned non-bool "
                "value"
            )
    return enabled


def _by_tags(wish: Dependency, tags: Table, warn: Warn) -> bool:
    switches: list[bool] = []
    for tag in wish.tags:
        if isinstance(tags.get(tag), bool):
            switches.append(tags[tag])
        elif tag in tags:
            warn(f"Warning: Tag '{tag}' for chart {wish.name} returned non-bool value")
    return not switches or any(switches)


def _import_values(chart: Chart, helm: str, warn: Warn) -> Chart:
    chart = replace(
        chart, charts=tuple(_import_values(child, helm, warn) for child in chart.charts)
    )
    if chart.dependencies is None:
        return chart
    values = merge(chart, {}, helm, warn)
    imported: Table = {}
    for wish in chart.dependencies:
        for wanted in wish.imports:
            table = _exported(values, wish, wanted, warn)
            if table is not None:
                overlay(imported, table, keep_nulls=True, warn=warn)
    return replace(chart, values=overlay(copy(values), imported, keep_nulls=True, warn=warn))


def _exported(values: Table, wish: Dependency, wanted: Any, warn: Warn) -> Table | None:
    """The table that one `import-values` item brings, nested where the parent wants it."""
    if isinstance(wanted, dict):
        child, parent = str(wanted.get("child")), str(wanted.get("parent"))
    elif isinstance(wanted, str):
        child, parent = f"exports.{wanted}", "."
    else:
        return None
    table = subtable(values, f"{wish.name}.{child}")
    if table is None:
        warn(f"Warning: ImportValues missing table from chart {wish.name}: {child}")
        return None
    for name in reversed([] if parent == "." else parent.split(".")):
        table = {name: table}
    return table
