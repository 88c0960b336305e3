"""What `check --changed` judges: the releases whose chart, values or configuration a change
touches."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from policylint.helm.inputs.sides import ChartSide
from policylint.helm.sources.git import find_repository
from policylint.helm.sources.reach import depends_on


def touches(chart: ChartSide, shared: Iterable[str], files: Iterable[str]) -> bool:
    """Whether a change of `files` can change what the chart renders.

    That is a change at or below the chart, the charts it takes from the same repository, its
    values, or what all releases share (`shared`: the configuration). A chart outside any repository
    counts as touched.
    """
    repository = find_repository(chart.chart if Path(chart.chart).parent.exists() else ".")
    if repository is None:
        return True
    own = {*depends_on(repository, chart), *(repository.path_of(path) for path in shared)} - {""}
    return any(_is_below(repository.path_of(file), own) for file in files)


def _is_below(path: str, tops: set[str]) -> bool:
    return bool(path) and any(
        top == "." or path == top or path.startswith(f"{top}/") for top in tops
    )
