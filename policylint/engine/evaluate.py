"""Evaluate: rules x subjects -> findings and rule failures, in stable order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from policylint.engine.rule import Context, Rule
from policylint.errors import PolicylintError, RuleFailure
from policylint.model import (
    Category,
    Change,
    Created,
    Deleted,
    Direction,
    Finding,
    Kept,
    Location,
    Resource,
    ResourceId,
    Severity,
    Verdict,
    Violation,
    combine,
)
from policylint.redaction.redactor import Redactor

_CATEGORIES = {category: place for place, category in enumerate(Category)}


def evaluate(
    rules: Sequence[Rule], subjects: Sequence[object], context: Context, redactor: Redactor
) -> tuple[tuple[Finding, ...], tuple[RuleFailure, ...]]:
    """Run every rule on every subject of its types.

    A rule that raises is a `RuleFailure`, never silence and never a finding.
    """
    findings: list[Finding] = []
    failures: list[RuleFailure] = []
    kinds: dict[type, list[object]] = {}
    for subject in subjects:
        kinds.setdefault(type(subject), []).append(subject)
    for rule in rules:
        own = replace(context, params={**rule.params, **context.settings.get(rule.id, {})})
        for subject in (
            each
            for kind, found in kinds.items()
            if issubclass(kind, rule.subjects)
            for each in found
        ):
            try:
                findings += [
                    _finding(rule, subject, said, redactor) for said in rule.check(subject, own)
                ]
            except Exception as error:  # noqa: BLE001  whatever a rule raises: the verdict is unknown, the run goes on
                failures.append(_failure(rule, subject, error, redactor))
    return tuple(sorted(_once(findings), key=order)), tuple(failures)


def order(finding: Finding) -> tuple[object, ...]:
    """Severest first, then the upgrade before the way back, then by rule and resource."""
    return (
        -finding.severity.rank,
        finding.direction != Direction.UPGRADE,
        _CATEGORIES[finding.category],
        finding.rule,
        str(finding.resource or ""),
        finding.locations[0].file if finding.locations else "",
        finding.locations[0].line if finding.locations else 0,
        finding.path,
    )


def verdict(
    findings: Iterable[Finding], failures: Iterable[RuleFailure], fail_on: Severity
) -> Verdict:
    """The verdict of one release: any failure is unknown, any finding of `fail_on` or worse
    fails."""
    found = [Verdict.PASS]
    found += [Verdict.FAIL for finding in findings if finding.severity.rank >= fail_on.rank]
    found += [Verdict.UNKNOWN for _ in failures]
    return combine(found)


def _finding(rule: Rule, subject: object, said: Violation, redactor: Redactor) -> Finding:
    resource = said.resource or _resource_id(subject)
    sides = [getattr(subject, side, None) for side in ("before", "after")]
    bodies = [side.body for side in sides if isinstance(side, Resource)]
    before, after = redactor.values(resource, said.path, said.before, said.after, bodies=bodies)
    locations = said.locations or _locations(subject)
    where = "" if resource else f"{locations[0].file}#{locations[0].key}" if locations else ""
    direction = said.direction
    return Finding(
        rule=rule.id,
        category=said.category or rule.category,
        severity=said.severity or rule.severity,
        confidence=said.confidence or rule.confidence,
        direction=direction,
        message=redactor.text(said.message),
        because=redactor.text(said.because),
        resource=resource,
        path=said.path,
        before=before,
        after=after,
        locations=locations,
        fixes=tuple(redactor.fix(fix) for fix in said.fixes),
        where=where,
    )


def _failure(rule: Rule, subject: object, error: Exception, redactor: Redactor) -> RuleFailure:
    remedy = error.remedy if isinstance(error, PolicylintError) else ""
    words = str(error) if isinstance(error, PolicylintError) else f"{type(error).__name__}: {error}"
    return RuleFailure(
        rule.id,
        redactor.text(f"the rule could not judge this: {words}"),
        remedy or f"report it, and leave the rule out with --ignore {rule.id} until it is repaired",
        _resource_id(subject),
    )


def _once(findings: Iterable[Finding]) -> list[Finding]:
    seen: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        about = (
            finding.rule,
            finding.direction,
            finding.resource,
            finding.path,
            finding.message,
            finding.locations,
        )
        seen.setdefault((*about, finding.where, repr((finding.before, finding.after))), finding)
    return list(seen.values())


def _resource_id(subject: object) -> ResourceId | None:
    if isinstance(subject, (Created, Kept, Deleted)):
        return subject.id
    return None


def _locations(subject: object) -> tuple[Location, ...]:
    if isinstance(subject, (Created, Kept, Deleted)):
        origin = resource_of(subject).origin
        return (Location("rendered", origin.file, origin.line),)
    found = getattr(subject, "location", None)
    return (found,) if isinstance(found, Location) else ()


def resource_of(change: Change) -> Resource:
    """The resource a change is shown by: the after side's, or the before side's of a deleted
    one."""
    return change.before if isinstance(change, Deleted) else change.after
