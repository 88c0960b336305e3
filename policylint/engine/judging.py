"""How releases are judged: rules, severities, level, verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.engine.rule import Rule
from policylint.errors import RuleFailure
from policylint.model import Category, Finding, Severity


class Judging(Struct, frozen=True):
    """How a case is judged."""

    rules: tuple[Rule, ...]
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    level: Category | None = None
    """The level that was asked for by name."""
    fail_on: Severity = Severity.ERROR
    strict: bool = False
    failures: tuple[RuleFailure, ...] = ()
    """Rules that would not load."""


def _weighed(finding: Finding, judging: Judging) -> Finding:
    wanted = judging.severities.get(finding.rule)
    return replace(finding, severity=wanted) if wanted else finding
