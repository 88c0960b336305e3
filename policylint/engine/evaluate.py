"""Evaluate: rules x subjects -> findings and rule failures, in stable order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from policylint.engine.identity import about
from policylint.engine.registry import ids
from policylint.engine.rule import Context, Purse, Rule
from policylint.errors import PolicylintError, RuleFailure
from policylint.model import (
    Category,
    Change,
    Created,
    Deleted,
    Direction,
    Finding,
    Json,
    Kept,
    Location,
    Object,
    Resource,
    ResourceId,
    Upgrade,
    Violation,
)
from policylint.redaction.redactor import Redactor
from policylint.runtime.pointers import is_index, steps, value_at

_MISSING = "no such key"
"""How CEL's word for a key that is not there begins."""
_CATEGORIES = {category: place for place, category in enumerate(Category)}


def evaluate(
    rules: Sequence[Rule], subjects: Sequence[object], context: Context, redactor: Redactor
) -> tuple[tuple[Finding, ...], tuple[RuleFailure, ...]]:
    """Run every rule on every subject of its types.

    A rule that raises is a `RuleFailure`, never silence and never a finding.
    """
    findings: list[Finding] = []
    failures: list[RuleFailure] = []
    by_type: dict[type, list[object]] = {}
    for subject in subjects:
        by_type.setdefault(type(subject), []).append(subject)
    known = replace(context, rule_ids=ids())
    for rule in rules:
        params = {**rule.params, **context.settings.get(rule.id, {})}
        own = replace(known, params=params, purse=Purse())
        for kind, of_kind in by_type.items():
            if issubclass(kind, rule.subjects):
                _run(rule, of_kind, own, redactor, findings, failures)
    return tuple(sorted(_once(findings), key=order)), tuple(failures)


def _run(
    rule: Rule,
    subjects: Iterable[object],
    context: Context,
    redactor: Redactor,
    findings: list[Finding],
    failures: list[RuleFailure],
) -> None:
    """Run one rule on subjects of its type, and add what comes of it."""
    for subject in subjects:
        try:
            violations = list(rule.check(subject, context))
            findings += [_finding(rule, subject, violation, redactor) for violation in violations]
        except Exception as error:  # noqa: BLE001  whatever a rule raises: the verdict is unknown, the run goes on
            failures.append(_failure(rule, subject, error, redactor))


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


def _finding(rule: Rule, subject: object, violation: Violation, redactor: Redactor) -> Finding:
    resource = violation.resource or _resource_id(subject)
    before, after = redactor.values(
        resource,
        violation.path,
        _before(subject, violation),
        violation.after,
        bodies=_bodies(subject),
    )
    locations = violation.locations or _locations(subject)
    return Finding(
        rule=rule.id,
        category=violation.category or rule.category,
        severity=violation.severity or rule.severity,
        confidence=violation.confidence or rule.confidence,
        direction=violation.direction,
        message=redactor.text(violation.message),
        because=redactor.text(violation.because),
        resource=resource,
        path=violation.path,
        before=before,
        after=after,
        locations=locations,
        fixes=tuple(redactor.fix(fix) for fix in violation.fixes),
        where="" if resource else _where(locations),
        about=about(subject, resource, violation.path, locations),
    )


def _before(subject: object, violation: Violation) -> Json:
    """What the field was, where the rule names only what it is: a field that stays is not new.

    An index of the after side may be another item of the before side: only its equal counts.
    """
    if violation.before is not None or violation.after is None or not violation.path:
        return violation.before
    was = value_at(_body_before(subject, violation), violation.path)
    if was == violation.after:
        return was
    is_exact = not any(map(is_index, steps(violation.path)))
    if is_exact and type(was) is type(violation.after):  # else a rule tells a part of the field
        return was
    return None


def _body_before(subject: object, violation: Violation) -> Json:
    """The object of the before side that a violation is about; None where there is none."""
    if isinstance(subject, Kept):
        return subject.before.body
    if isinstance(subject, Upgrade) and violation.resource is not None:
        resource = subject.before.resources.get(violation.resource)
        return resource.body if resource else None
    return None


def _bodies(subject: object) -> list[Object]:
    """The objects that a change is about, whose secrets are masked in its findings."""
    sides = (getattr(subject, side, None) for side in ("before", "after"))
    return [side.body for side in sides if isinstance(side, Resource)]


def _where(locations: Sequence[Location]) -> str:
    return f"{locations[0].file}#{locations[0].key}" if locations else ""


def _failure(rule: Rule, subject: object, error: Exception, redactor: Redactor) -> RuleFailure:
    if isinstance(error, PolicylintError):
        words = str(error)
        remedy = error.remedy
    else:
        words = f"{type(error).__name__}: {error}"
        remedy = ""
    return RuleFailure(
        rule.id,
        redactor.text(f"the rule could not judge this: {words}"),
        remedy or _repair(rule, words),
        _resource_id(subject),
    )


def _repair(rule: Rule, words: str) -> str:
    """What to do about a rule that raises: only those of the user's own can be mended at once."""
    without = f"--ignore {rule.id}"
    if rule.id in ids():
        return f"report it, and leave the rule out with {without} until it is repaired"
    if words.startswith(_MISSING):
        how = "has(x.key), or x.?key.orValue(...), where a key may be missing"
        return f"mend the rule: {how}; or leave it out with {without}"
    return f"mend the rule, or leave it out with {without}"


def _once(findings: Iterable[Finding]) -> list[Finding]:
    seen: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        facts = (
            finding.rule,
            finding.direction,
            finding.resource,
            finding.path,
            finding.message,
            finding.locations,
        )
        seen.setdefault((*facts, finding.where, repr((finding.before, finding.after))), finding)
    return list(seen.values())


def _resource_id(subject: object) -> ResourceId | None:
    if isinstance(subject, (Created, Kept, Deleted)):
        return subject.id
    return None


def _locations(subject: object) -> tuple[Location, ...]:
    if isinstance(subject, (Created, Kept, Deleted)):
        origin = resource_of(subject).origin
        return (Location("rendered", origin.file, origin.line),)
    location = getattr(subject, "location", None)
    if isinstance(location, Location):
        return (location,)
    return ()


def resource_of(change: Change) -> Resource:
    """The resource a change is shown by: the after side's, or the before side's of a deleted
    one."""
    if isinstance(change, Deleted):
        return change.before
    return change.after
