"""The steps of fixes in the words of one release: its chart, its tool."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from policylint.model import Finding, Fix


def with_steps(findings: Iterable[Finding], reword: Callable[[str], str]) -> tuple[Finding, ...]:
    """The findings, with each step of their fixes as `reword` has it."""
    return tuple(_reworded(finding, reword) for finding in findings)


def _reworded(finding: Finding, reword: Callable[[str], str]) -> Finding:
    fixes = tuple(_with_steps(fix, reword) for fix in finding.fixes)
    if fixes == finding.fixes:
        return finding
    return replace(finding, fixes=fixes)


def _with_steps(fix: Fix, reword: Callable[[str], str]) -> Fix:
    return replace(fix, steps=tuple(map(reword, fix.steps)))
