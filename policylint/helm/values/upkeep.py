"""A chart's dependencies kept in order: Chart.lock against Chart.yaml and charts/, ranges,
conditions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from policylint.helm.values.chart import Chart, Dependency
from policylint.helm.values.semver import admits, floats
from policylint.helm.values.tables import Table, scalar


def _locked(chart: Chart) -> dict[str, Table]:
    """The entries of Chart.lock by name."""
    entries = (chart.lock or {}).get("dependencies") or ()
    return {str(entry.get("name")): entry for entry in entries}


def outdated(chart: Chart) -> list[str]:
    """What of Chart.lock does not fit: dependencies it lacks or has too many of, versions out of
    range, the digest."""
    locked = _locked(chart)
    wishes = chart.dependencies or ()
    problems: list[str] = []
    for wish in wishes:
        problems += _unlocked(wish, locked.get(wish.name), chart)
    declared = {wish.name for wish in wishes}
    gone = [name for name in locked if name not in declared]
    problems += [f"{name} is locked and no longer declared" for name in gone]
    if not problems and chart.lock and not _digest_fits(chart):
        problems.append("the digest is of other dependencies than Chart.yaml declares")
    return problems


def floating(chart: Chart) -> Iterator[Dependency]:
    """Dependencies whose version is a range while no Chart.lock fixes it."""
    locked = _locked(chart)
    for wish in chart.dependencies or ():
        if (
            wish.name not in locked
            and not wish.repository.startswith("file://")
            and floats(wish.version)
        ):
            yield wish


def lost_conditions(chart: Chart, user: Table) -> Iterator[tuple[Dependency, str]]:
    """Condition paths that no values set: the dependency is then always on, whatever its condition
    says."""
    for wish in chart.dependencies or ():
        paths = [path.strip() for path in wish.condition.split(",") if path.strip()]
        if paths and not any(_set_somewhere(chart, user, wish, path) for path in paths):
            yield wish, paths[0]


def _set_somewhere(chart: Chart, user: Table, wish: Dependency, path: str) -> bool:
    if any(scalar(values, path)[0] for values in (chart.values, user)):
        return True
    first, _, rest = path.partition(".")
    if first != wish.key or not rest:
        return False
    child = next((child for child in chart.charts if child.name == wish.name), None)
    return (
        child is None or scalar(child.values, rest)[0]
    )  # a chart that is not here may well set it


def _unlocked(wish: Dependency, locked: Any, chart: Chart) -> Iterator[str]:
    if chart.lock is None:
        return
    if not isinstance(locked, dict):
        yield f"{wish.name} is declared and not locked"
        return
    version = str(locked.get("version", ""))
    if wish.version and not admits(wish.version, version):
        yield f"{wish.name} is locked at {version}, Chart.yaml wants {wish.version}"
    there = [child.version for child in chart.charts if child.name == wish.name]
    if there and version.removeprefix("v") not in {
        vendored.removeprefix("v") for vendored in there
    }:
        yield f"{wish.name} is locked at {version}, charts/ holds {', '.join(there)}"


def _digest_fits(chart: Chart) -> bool:
    """Whether the lock's digest is that of the declared and locked dependencies; true for forms not
    known here.

    Source: internal/resolver HashReq of Helm: sha256 of the JSON of both lists.
    """
    import hashlib

    digest = str((chart.lock or {}).get("digest", ""))
    declared = chart.metadata.get("dependencies")
    if not digest.startswith("sha256:") or declared is None:
        return True
    lists = [
        [_hashed(item) for item in declared],
        [_hashed(item) for item in (chart.lock or {})["dependencies"]],
    ]
    text = json.dumps(
        lists, separators=(",", ":"), ensure_ascii=False
    )  # keys in the order of Go's fields
    for char, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(char, escape)
    return digest == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


_ORDER = ("name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias")


def _hashed(item: Table) -> Table:
    kept = {"name": "", "repository": "", **item}
    imports = [
        dict(sorted(i.items())) if isinstance(i, dict) else i
        for i in kept.get("import-values") or ()
    ]
    kept["import-values"] = imports
    return {name: kept[name] for name in _ORDER if kept.get(name) or name in ("name", "repository")}
