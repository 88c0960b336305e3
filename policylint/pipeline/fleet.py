"""Judge what only several releases of one configuration show together: objects of two, values that
skip a stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from policylint.engine.judging import Judgement, judge, judging
from policylint.errors import PolicylintError, RuleFailure
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, Side
from policylint.helm.values.given import user_values
from policylint.helm.values.tables import leaves
from policylint.helm.values.unused import values_files
from policylint.model import Severity, Verdict
from policylint.pipeline.configuration.gate import Gate
from policylint.pipeline.configuration.settings import resolve
from policylint.pipeline.plan import Plan
from policylint.pipeline.target import target
from policylint.report.fleet import Fleet, Key, Member
from policylint.report.model import ReleaseReport
from policylint.report.waivers import WaiverReview


def fleet_of(plans: Sequence[Plan], reports: Sequence[ReleaseReport]) -> Fleet:
    """The releases of a run; while the sides' files are still there. Raises what reading values
    raises."""
    return Fleet(tuple(_member(plan, report) for plan, report in zip(plans, reports, strict=True)))


def _member(plan: Plan, report: ReleaseReport) -> Member:
    helm = report.target.helm
    changes = tuple(replace(row, differences=()) for row in report.changes)  # a fleet's are many
    member = Member(
        report.name, report.namespace, plan.options.environment, plan.options.after, changes
    )
    if not member.environment:
        return member
    return replace(member, before=_values(plan.before, helm), after=_values(plan.named_after, helm))


def _values(side: Side, helm: str) -> dict[Key, Any]:
    """The user's values of a side by key path; none where the side is no chart."""
    if isinstance(side, ChartSide):
        return dict(leaves(user_values(side.values, helm)))
    return {}


def judge_together(
    plans: Sequence[Plan],
    reports: Sequence[ReleaseReport],
    named_values: tuple[str, ...],
    gate: Gate,
    of_waivers: WaiverReview,
) -> Judgement:
    """What the rules say of all releases of a run together, of the values files that they name,
    of what the change does to the gate, and of its waivers."""
    try:
        fleet = fleet_of(plans, reports)
    except PolicylintError as error:
        failure = RuleFailure("values", str(error), error.remedy)
        return Judgement((), (failure,), Verdict.UNKNOWN)
    settings = [plan.settings for plan in plans] or [resolve(Options(), gate.config)]
    strictest = min((own.criteria.fail_on for own in settings), key=_rank)
    criteria = replace(settings[0].criteria, fail_on=strictest)
    by = replace(judging(criteria), failures=())  # each release has told them
    subjects = (fleet, values_files(named_values), gate.changes, of_waivers)
    return judge(by, subjects, reports[0].target if reports else target(settings[0], "4"))


def _rank(severity: Severity) -> int:
    return severity.rank
