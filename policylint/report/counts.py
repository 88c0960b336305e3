"""Findings counted by rule, release or owner: `--summary-by`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from policylint.model import Finding


class By(StrEnum):
    """What a report is counted by."""

    RULE = "rule"
    OWNER = "owner"
    RELEASE = "release"


class Count(Struct, frozen=True):
    """How many findings there are of a rule, a release or an owner."""

    name: str
    error: int = 0
    warning: int = 0
    note: int = 0
    settled: int = 0
    """Waived or known."""

    def with_one(self, finding: Finding) -> Count:
        """The count with one more."""
        if finding.counts:
            column = str(finding.severity)
        else:
            column = "settled"
        return replace(self, **{column: getattr(self, column) + 1})


class Counts(Struct, frozen=True):
    """A report's findings, counted: the gravest first."""

    by: By
    rows: tuple[Count, ...] = ()
