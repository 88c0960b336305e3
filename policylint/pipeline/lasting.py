"""Whether what a release came to may be kept for other runs: it would come to the same again, and
no secret stands in it."""

from __future__ import annotations

from policylint.model import Edit, Upgrade
from policylint.pipeline.assessed import Assessed, written
from policylint.pipeline.budget import Budget
from policylint.pipeline.judging.judge import redactor_of
from policylint.pipeline.plan import Plan


def lasts(assessed: Assessed, plan: Plan, upgrade: Upgrade, budget: Budget) -> bool:
    """Whether time cut nothing short, nothing failed but what the plan itself says, and no known
    secret is shown: edits of the user's own files are the one place that is not masked."""
    failures = set(assessed.report.failures) - set(plan.failures)
    if budget.is_cut or failures:
        return False
    redactor = redactor_of(upgrade)
    if any(redactor.text(edit.text) != edit.text for edit in _edits(assessed)):
        return False
    try:
        text = written(assessed).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return False
    return not any(secret in text for secret in redactor.secrets)


def _edits(assessed: Assessed) -> tuple[Edit, ...]:
    fixes = (fix for finding in assessed.report.findings for fix in finding.fixes)
    return tuple(edit for fix in fixes for edit in fix.edits)
