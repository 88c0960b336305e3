"""What policies say of an upgrade, in the words of the report."""

from __future__ import annotations

from msgspec import Struct

from policylint.errors import RuleFailure
from policylint.model import Finding


class Asked(Struct, frozen=True):
    """Findings, what could not be evaluated, and what the reader must know; empty without
    policies."""

    findings: tuple[Finding, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    notes: tuple[str, ...] = ()
