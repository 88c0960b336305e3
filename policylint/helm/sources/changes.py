"""What `check --changed` judges: the releases whose chart, values or configuration a change
touches."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from policylint.helm.inputs.sides import ChartSide
from policylint.helm.sources.baseline import default_revision
from policylint.helm.sources.git import find_repository
from policylint.helm.sources.resolve import depends_on


def changed_files(top: Path, default_branch: str = "") -> tuple[str, ...] | None:
    """The files that differ from where a check would start, deleted ones too; None outside a git
    repository.

    Where anything is staged that is HEAD, else the default before side. Raises SourceError where
    there is none.
    """
    repository = find_repository(top)
    if repository is None:
        return None
    base = (
        "HEAD"
        if repository.state([]).staged
        else default_revision(repository, [], default_branch).commit
    )
    names = (
        *repository.names("diff", "--name-only", "--no-renames", "-z", base, "--"),
        *repository.names("ls-files", "--others", "--exclude-standard", "-z"),
    )
    return tuple(str(repository.top / name) for name in names)


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
