"""What several releases of a run show alike: it is told once, with the first of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from msgspec.structs import replace

from policylint.errors import RuleFailure
from policylint.model import Finding
from policylint.report.model import ReleaseReport, release_name

_FEW = 3
"""Further releases that are named."""


class Shared:
    """Findings and failures by the releases that show them."""

    def __init__(self, releases: Sequence[ReleaseReport]) -> None:
        self._where: dict[Hashable, list[ReleaseReport]] = {}
        for release in releases:
            keys = {*map(_key, release.findings), *map(_key, release.failures)}
            for key in keys:
                self._where.setdefault(key, []).append(release)

    def first(self, release: ReleaseReport) -> ReleaseReport:
        """The release with what no earlier one shows."""
        return replace(
            release,
            findings=tuple(row for row in release.findings if self._is_first(row, release)),
            failures=tuple(row for row in release.failures if self._is_first(row, release)),
        )

    def _is_first(self, row: Finding | RuleFailure, release: ReleaseReport) -> bool:
        return self._where[_key(row)][0] is release

    def also(self, row: Finding | RuleFailure) -> str:
        """Which further releases show the same, "" where none does."""
        further = [_named(release) for release in self._where.get(_key(row), [])[1:]]
        if not further:
            return ""
        if len(further) > _FEW:
            rest = f" and {len(further) - _FEW} more"
        else:
            rest = ""
        return f"in {', '.join(further[:_FEW])}{rest}"


def _named(release: ReleaseReport) -> str:
    if release.source:
        cluster = release.source.cluster or release.source.environment
    else:
        cluster = ""
    if cluster:
        return f"{release_name(release)} for {cluster}"
    return release_name(release)


def _key(row: Finding | RuleFailure) -> Hashable:
    if isinstance(row, RuleFailure):
        return row.rule, row.message, row.resource
    return row.rule, row.message, row.resource, row.path, row.because, row.direction
