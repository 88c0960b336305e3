"""What `check --changed` judges: the releases whose chart, values or configuration a change
touches."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from policylint.helm.inputs.sides import ChartSide
from policylint.helm.sources.git import Repository, find_repository
from policylint.helm.sources.reach import depends_on


def touches(
    chart: ChartSide,
    shared: Iterable[str],
    files: Iterable[str],
    repository: Repository | None = None,
) -> bool:
    """Whether a change of `files` can change what the chart renders.

    `repository` is the one whose change it is, by default the chart's own: a chart may lie in a
    submodule, which changes as a whole.

    That is a change at or below the chart, the charts it takes from the same repository, its
    values, or what all releases share (`shared`: the configuration). A chart outside any repository
    counts as touched.
    """
    if repository is None:
        repository = find_repository(chart.chart if Path(chart.chart).parent.exists() else ".")
    if repository is None or _is_elsewhere(chart.chart, repository):
        return True
    own = {*depends_on(repository, chart), *(repository.path_of(path) for path in shared)} - {""}
    return any(is_below(repository.path_of(file), own) for file in files)


def _is_elsewhere(chart: str, repository: Repository) -> bool:
    return Path(chart).exists() and not repository.path_of(chart)


def is_below(path: str, tops: Iterable[str]) -> bool:
    """Whether a changed path lies below one of those that count, or is a submodule around it."""
    return bool(path) and any(
        top == "." or f"{path}/".startswith(f"{top}/") or top.startswith(f"{path}/") for top in tops
    )
