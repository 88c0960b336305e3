"""Findings about what was there before: those that an upgrade which changes nothing gets too.

A check is about a change. What its rules say equally of the before side alone is no news, and is
counted instead of shown. What stops the upgrade or fails the check stays, however long it has been
there: errors, what weighs as much as `--fail-on`, whatever the cluster or a policy refuses, and
what the forecast alone can tell. The rules of a pack judge states on purpose, and are never left
out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from policylint.engine.evaluate import evaluate
from policylint.engine.registry import ids
from policylint.engine.rule import Context, Rule
from policylint.model import Category, Finding, Json, Kept, Severity, Upgrade
from policylint.redaction.redactor import Redactor

Subjects = Callable[[], Sequence[object]]
"""What makes subjects where they are needed."""
_NEVER = (Category.CLUSTER_REJECTS, Category.POLICY)


def unchanged(upgrade: Upgrade) -> Upgrade:
    """The upgrade that leaves the before side as it is; nothing is sent, so that there is nothing
    to forecast."""
    before = upgrade.before
    kept = tuple(Kept(resource, resource) for resource in before.resources.values())
    return replace(upgrade, after=before, changes=kept, hooks=())


def parted(
    findings: Sequence[Finding],
    rules: Sequence[Rule],
    context: Context,
    redactor: Redactor,
    earlier: Subjects,
    fail_on: Severity,
) -> tuple[list[Finding], list[Finding]]:
    """(what the change brings, or fails the check, what was there before).

    `earlier` are the subjects of the before side beside its resources. A rule that cannot judge the
    before side leaves all of its findings to the change.
    """
    candidates = _candidates(findings, fail_on)
    if context.upgrade is None or not candidates:
        return list(findings), []
    wanted = {finding.rule for finding in candidates}
    chosen = [rule for rule in rules if rule.id in wanted]
    known = set(map(_tells, _of_before(context.upgrade, chosen, context, redactor, earlier)))
    standing = [finding for finding in candidates if _tells(finding) in known]
    left_out = set(map(id, standing))
    return [finding for finding in findings if id(finding) not in left_out], standing


def _candidates(findings: Sequence[Finding], fail_on: Severity) -> list[Finding]:
    """What may be left out: findings of shipped rules that fail nothing."""
    shipped = ids()  # a pack of the user's own may be called like the shipped one
    of_shipped = (finding for finding in findings if finding.rule in shipped)
    return [finding for finding in of_shipped if _may_stand(finding, fail_on)]


def _of_before(
    upgrade: Upgrade,
    rules: Sequence[Rule],
    context: Context,
    redactor: Redactor,
    earlier: Subjects,
) -> Sequence[Finding]:
    """What rules find where the before side stays as it is."""
    same = unchanged(upgrade)
    inputs = _InputsBefore(context.inputs)
    then = replace(context, upgrade=same, invocations=(), inputs=inputs)
    findings, _ = evaluate(rules, (same, *same.changes, *earlier()), then, redactor)
    return findings


def _may_stand(finding: Finding, fail_on: Severity) -> bool:
    """Whether it is left out of a check where it is about what was there before."""
    if finding.severity is Severity.ERROR or finding.category in _NEVER:
        return False
    return finding.severity.rank < fail_on.rank


def _tells(finding: Finding) -> tuple[object, ...]:
    """What two findings share that say the same of the same thing, each in its own render."""
    if finding.about is None:
        about = finding.path
    else:
        about = finding.about
    value = repr(finding.after)
    return finding.rule, finding.direction, finding.resource, about, finding.message, value


class _InputsBefore(Mapping[str, Json]):
    """What rules in YAML may name, where nothing changes: the values are the old ones."""

    def __init__(self, inputs: Mapping[str, Json]) -> None:
        self._inputs = inputs

    def __getitem__(self, name: str) -> Json:
        return self._inputs["oldValues" if name == "values" else name]

    def __iter__(self) -> Iterator[str]:
        names = set(self._inputs) - {"values"}
        return iter(names | {"values"} if "oldValues" in names else names)

    def __len__(self) -> int:
        return sum(1 for _ in self)
