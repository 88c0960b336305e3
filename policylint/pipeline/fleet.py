"""Judge what only several releases of one configuration show together: objects of two, values that
skip a stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from policylint.engine.evaluate import evaluate, verdict
from policylint.engine.rule import Context
from policylint.errors import PolicylintError, RuleFailure
from policylint.helm.inputs.sides import ChartSide, Side
from policylint.model import Finding, Severity, Verdict
from policylint.redaction.redactor import Redactor
from policylint.report.fleet import Fleet, Key, Member
from policylint.report.model import ReleaseReport

if TYPE_CHECKING:
    from policylint.engine.judging import Judging
    from policylint.pipeline.plan import Plan


def fleet_of(plans: Sequence[Plan], reports: Sequence[ReleaseReport]) -> Fleet:
    """The releases of a run; while the sides' files are still there. Raises what reading values
    raises."""
    return Fleet(tuple(_member(plan, report) for plan, report in zip(plans, reports, strict=True)))


def _member(plan: Plan, report: ReleaseReport) -> Member:
    helm = report.target.helm
    found = Member(
        report.name, report.namespace, plan.options.environment, plan.options.after, report.changes
    )
    if not found.environment:
        return found
    return replace(found, before=_values(plan.before, helm), after=_values(plan.given_after, helm))


def _values(side: Side, helm: str) -> dict[Key, Any]:
    """The user's values of a side by key path; none where the side is no chart."""
    from policylint.helm.values.given import user_values
    from policylint.helm.values.tables import leaves

    return dict(leaves(user_values(side.values, helm))) if isinstance(side, ChartSide) else {}


def judge_together(
    plans: Sequence[Plan],
    reports: Sequence[ReleaseReport],
    judging: Judging,
    more: Sequence[object] = (),
) -> tuple[tuple[Finding, ...], tuple[RuleFailure, ...], Verdict]:
    """What the rules say of all releases of a run together, and of `more` subjects that belong to
    none of them."""
    try:
        fleet = fleet_of(plans, reports)
    except PolicylintError as error:
        failures: tuple[RuleFailure, ...] = (RuleFailure("values", str(error), error.remedy),)
        return (), failures, Verdict.UNKNOWN
    levels = judging.severities
    rules = [rule for rule in judging.rules if levels.get(rule.id, rule.severity) is not None]
    context = Context(reports[0].target, settings=judging.settings, level=judging.level)
    found, failures = evaluate(rules, (fleet, *more), context, Redactor())
    findings = tuple(replace(one, severity=levels.get(one.rule) or one.severity) for one in found)
    fail_on: Severity = min((plan.fail_on for plan in plans), key=lambda severity: severity.rank)
    return findings, failures, verdict(findings, failures, fail_on)
