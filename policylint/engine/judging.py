"""The one way to judge: choose the rules, evaluate, weigh, and come to a verdict."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.engine.criteria import Criteria
from policylint.engine.evaluate import evaluate, order
from policylint.engine.packs import dry_rules, names_of, rules_of_packs, with_packs
from policylint.engine.registry import all_rules, ids, plugins, select
from policylint.engine.rule import Context, Rule
from policylint.engine.standing import Subjects, parted
from policylint.errors import RuleFailure, UsageError, nearest
from policylint.model import Category, Finding, Json, Severity, Target, Upgrade, Verdict, combine
from policylint.redaction.redactor import Redactor
from policylint.report.model import RuleInfo
from policylint.runtime.patterns import like

Weight = Callable[[Finding], Severity]
"""What a finding weighs where the configuration says nothing of its rule."""


class Judging(Struct, frozen=True):
    """The rules that were chosen, what their findings weigh, and which of them fail."""

    rules: tuple[Rule, ...]
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    """By rule id, None for a rule that is switched off."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    level: Category | None = None
    fail_on: Severity = Severity.ERROR
    strict: bool = False
    all_findings: bool = True
    """Whether findings about what was there before are found too."""
    failures: tuple[RuleFailure, ...] = ()
    """Rules that would not load."""
    dry: frozenset[str] = frozenset()
    """The rules whose findings are shown and fail nothing yet."""
    paths: tuple[tuple[str, Mapping[str, Severity | None]], ...] = ()
    """What findings of a scan weigh by the file that they are in."""

    @property
    def active(self) -> tuple[Rule, ...]:
        """The rules without those that the configuration switches off."""
        levels = self.severities
        return tuple(rule for rule in self.rules if levels.get(rule.id, rule.severity) is not None)


class Judgement(Struct, frozen=True):
    """What the rules say of some subjects."""

    findings: tuple[Finding, ...]
    failures: tuple[RuleFailure, ...]
    verdict: Verdict
    standing: tuple[Finding, ...] = ()
    """What was there before, where that is left out."""
    rules: int = 0
    """How many rules were active."""
    reported: tuple[RuleInfo, ...] = ()
    """The rules of the findings, by id."""
    notes: tuple[str, ...] = ()
    """What the reader must know of what was not judged."""


def judging(criteria: Criteria, subjects: frozenset[type] = frozenset()) -> Judging:
    """How to judge by these criteria; with `subjects`, by the rules on these types.

    Raises `UsageError` for a rule that does not exist and for a severity that is none.
    """
    rules, failures = all_rules(subjects)
    own = rules_of_packs(criteria.packs)
    rules = with_packs(rules, own, subjects)
    levels, settings = severities(*criteria.tables)
    _refuse_unknown_rules(criteria, own)
    chosen = select(
        rules,
        selected=criteria.select,
        ignored=criteria.ignore,
        level=criteria.level,
        known=names_of(own),
    )
    return Judging(
        chosen,
        levels,
        settings,
        criteria.level,
        criteria.fail_on,
        criteria.strict,
        criteria.all_findings,
        failures,
        dry_rules(criteria.packs),
        tuple((glob, severities(table)[0]) for glob, table in criteria.paths),
    )


def _refuse_unknown_rules(criteria: Criteria, own: Iterable[Rule]) -> None:
    """Raise `UsageError` where the configuration names a rule that neither policylint nor a pack
    has; without packs, reading it has told that already."""
    if not criteria.packs:
        return
    known = ids() | {rule.id for rule in (*own, *plugins()[0])}
    tables = (*criteria.tables, *(table for _, table in criteria.paths))
    for table in tables:
        for name in table:
            if name not in known:
                raise UsageError(f"no rule is called {name!r}", remedy=nearest(name, known))


def judge(
    by: Judging,
    subjects: Sequence[object],
    target: Target,
    *,
    upgrade: Upgrade | None = None,
    invocations: tuple[object, ...] = (),
    failures: Iterable[RuleFailure] = (),
    redactor: Redactor | None = None,
    more: Iterable[Finding] = (),
    weight: Weight | None = None,
    inputs: Mapping[str, Json] | None = None,
    earlier: Subjects = tuple,
) -> Judgement:
    """Judge the subjects: check, scan, history, fleets and failed renders alike.

    `upgrade` and `invocations` are what rules may look at beside their subject; `failures` are
    what could not be judged already; `more` are findings that no rule made;
    `weight` is what findings weigh, their own severity for None; `inputs` are what rules in YAML
    may name beside their subject; `earlier` are the subjects of the before side beside its
    resources, by which findings about what was there before are told.
    """
    context = Context(
        target,
        upgrade,
        settings=by.settings,
        level=by.level,
        invocations=invocations,
        inputs=inputs or {},
    )
    rules = by.active
    findings, broken = evaluate(rules, subjects, context, redactor or Redactor())
    weighed = [_weighed(finding, by, weight) for finding in (*findings, *more)]
    weighed = [_dry(finding, by) for finding in weighed if not _is_off(finding, by)]
    standing: list[Finding] = []
    if not by.all_findings:
        masked = redactor or Redactor()
        weighed, standing = parted(weighed, rules, context, masked, earlier, by.fail_on)
    every = (*by.failures, *failures, *broken)
    if by.strict and upgrade is not None:
        every += _open_answers(upgrade)
    return Judgement(
        tuple(sorted(weighed, key=order)),
        every,
        verdict(weighed, every, by.fail_on),
        tuple(standing),
        len(rules),
        tuple(_reported(rules, weighed)),
    )


def _reported(rules: Iterable[Rule], findings: Iterable[Finding]) -> Iterator[RuleInfo]:
    """What formats show of the rules that found something."""
    ids = {finding.rule for finding in findings}
    for rule in rules:
        if rule.id in ids:
            yield RuleInfo(rule.id, rule.title, rule.page, rule.category, rule.severity)


def verdict(
    findings: Iterable[Finding], failures: Iterable[RuleFailure], fail_on: Severity
) -> Verdict:
    """Any failure is unknown, any finding of `fail_on` or worse fails."""
    verdicts = [Verdict.PASS]
    verdicts += [Verdict.FAIL for finding in findings if finding.fails(fail_on)]
    verdicts += [Verdict.UNKNOWN for _ in failures]
    return combine(verdicts)


def settled(before: Verdict, findings: Iterable[Finding], fail_on: Severity) -> Verdict:
    """The verdict where some findings turn out to be waived or known: unknown stays unknown."""
    if before is Verdict.UNKNOWN:
        return before
    return verdict((finding for finding in findings if finding.counts), (), fail_on)


def severities(
    *tables: Mapping[str, Json],
) -> tuple[dict[str, Severity | None], dict[str, dict[str, Json]]]:
    """(rule id -> severity, None for off; rule id -> parameters) of `rules:` tables, later ones
    win.

    Raises `UsageError` for a value that is neither a severity nor off.
    """
    levels: dict[str, Severity | None] = {}
    params: dict[str, dict[str, Json]] = {}
    for table in tables:
        for name, entry in table.items():
            if isinstance(entry, dict):
                own = dict(entry)
            else:
                own = {"severity": entry}
            word = own.pop("severity", None)
            if word is not None:
                levels[name] = _severity(name, word)
            params.setdefault(name, {}).update(own)
    return levels, params


def _severity(name: str, word: Json) -> Severity | None:
    if word is False or word == "off":
        return None
    try:
        return Severity(str(word))
    except ValueError:
        raise UsageError(
            f"rules.{name} is off, note, warning or error, not {word!r}",
            remedy="write one of these words",
        ) from None


def _weighed(finding: Finding, by: Judging, weight: Weight | None) -> Finding:
    severity = by.severities.get(finding.rule)
    severity = _at_path(finding, by).get(finding.rule, severity)
    if severity is None:
        severity = weight(finding) if weight else finding.severity
    return replace(finding, severity=severity)


def _at_path(finding: Finding, by: Judging) -> Mapping[str, Severity | None]:
    """What rules weigh at the file that a finding is in, later paths over earlier ones."""
    place = next((location for location in finding.locations if location.role != "rendered"), None)
    if place is None or not by.paths:
        return {}
    path = os.path.abspath(place.file)  # noqa: PTH100  links stay as they are named
    weights: dict[str, Severity | None] = {}
    for glob, levels in by.paths:
        weights |= levels if like(glob, path) else {}
    return weights


def _is_off(finding: Finding, by: Judging) -> bool:
    """Whether its rule is switched off for the file that it is in."""
    return _at_path(finding, by).get(finding.rule, finding.severity) is None


def _dry(finding: Finding, by: Judging) -> Finding:
    if finding.rule in by.dry:
        return replace(finding, dry=True)
    return finding


def _open_answers(upgrade: Upgrade) -> tuple[RuleFailure, ...]:
    """What the forecast could not say, for those who take that for a failure."""
    failures: list[RuleFailure] = []
    for change in upgrade.changes:
        for answer in (change.forecast.upgrade, change.forecast.rollback):
            unknowns = answer.unknowns if answer else ()
            failures += (
                RuleFailure(
                    "strict", f"the answer depends on {unknown.what}", unknown.how, change.id
                )
                for unknown in unknowns
            )
    return tuple(failures)
