"""Judge what only several releases of one configuration show together: objects of two, values that skip a stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.errors import PolicylintError
from policylint.engine.evaluate import evaluate, verdict
from policylint.model import Finding, ResourceId, Severity, Verdict
from policylint.redaction.redactor import Redactor
from policylint.report.model import ChangeSummary, ReleaseReport, RuleFailure
from policylint.engine.rule import Context
from policylint.helm.inputs.sides import ChartSide, Side

if TYPE_CHECKING:
    from policylint.pipeline.judge import Judging
    from policylint.pipeline.plan import Plan

Key = tuple[str, ...]
_MISSING: Any = object()


class Member(Struct, frozen=True):
    """One release of the run: what it renders (hooks left out), and the user's values of both sides by key path."""

    name: str
    namespace: str
    environment: str = ""
    chart: str = ""
    changes: tuple[ChangeSummary, ...] = ()
    before: dict[Key, Any] = field(default_factory=dict)
    after: dict[Key, Any] = field(default_factory=dict)

    @property
    def role(self) -> tuple[str, str]:
        """What it is in every environment: its chart, and its name without the environment's."""
        return self.chart, self.name.replace(self.environment, "") if self.environment else self.name


class Fleet(Struct, frozen=True):
    """All releases of one run, in the order of the configuration: the subject of rules."""

    members: tuple[Member, ...]


class Overlap(Struct, frozen=True):
    """One object that several releases of one environment render, and whether the upgrade creates it for one."""

    resource: ResourceId
    members: tuple[Member, ...]
    created: bool


class Ahead(Struct, frozen=True):
    """A key whose value moves in a later stage although the stage before it stays at the value both had."""

    key: Key
    later: Member
    earlier: Member


def overlaps(fleet: Fleet) -> Iterator[Overlap]:
    """The objects of two releases; releases of different environments are in different clusters."""
    holders: dict[tuple[str, ResourceId], list[tuple[Member, str]]] = {}
    for member in fleet.members:
        for row in member.changes:
            if row.change in ("created", "kept"):
                holders.setdefault((member.environment, row.resource), []).append((member, row.change))
    for (_, resource), found in holders.items():
        members = {(member.namespace, member.name): member for member, _ in found}
        if len(members) > 1:
            yield Overlap(resource, tuple(members.values()), any(word == "created" for _, word in found))


def ahead(fleet: Fleet) -> Iterator[Ahead]:
    """The values that skip a stage: equal before, moved in the later environment, not in the one listed before it."""
    staged = [member for member in fleet.members if member.environment]
    for _, group in groupby(sorted(staged, key=lambda member: member.role), key=lambda member: member.role):
        stages = list(group)
        for earlier, later in pairwise(stages):
            yield from (Ahead(key, later, earlier) for key in _moved_alone(later, earlier))


def _moved_alone(later: Member, earlier: Member) -> Iterator[Key]:
    for key in {**later.before, **later.after}:
        was, now = later.before.get(key, _MISSING), later.after.get(key, _MISSING)
        if was != now and earlier.before.get(key, _MISSING) == was == earlier.after.get(key, _MISSING):
            yield key


def fleet_of(plans: Sequence[Plan], reports: Sequence[ReleaseReport]) -> Fleet:
    """The releases of a run; while the sides' files are still there. Raises what reading values raises."""
    return Fleet(tuple(_member(plan, report) for plan, report in zip(plans, reports, strict=True)))


def _member(plan: Plan, report: ReleaseReport) -> Member:
    helm = report.target.helm
    found = Member(report.name, report.namespace, plan.options.environment, plan.options.after, report.changes)
    if not found.environment:
        return found
    return replace(found, before=_values(plan.before, helm), after=_values(plan.given_after, helm))


def _values(side: Side, helm: str) -> dict[Key, Any]:
    """The user's values of a side by key path; none where the side is no chart."""
    from policylint.helm.values.given import user_values
    from policylint.helm.values.tables import leaves

    return dict(leaves(user_values(side.values, helm))) if isinstance(side, ChartSide) else {}


def judge_together(
    plans: Sequence[Plan], reports: Sequence[ReleaseReport], judging: Judging, more: Sequence[object] = ()
) -> tuple[tuple[Finding, ...], tuple[RuleFailure, ...], Verdict]:
    """What the rules say of all releases of a run together, and of `more` subjects that belong to none of them."""
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
