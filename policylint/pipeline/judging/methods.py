"""How the release may be sent otherwise, where nobody says how it is: a difference is told.

Helm 4 goes on as the last revision was sent: with client-side patches where Helm 3 made the
release, with server-side apply where Helm 4 did (helm pkg/action/upgrade.go).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec.structs import replace

from policylint.engine.evaluate import order
from policylint.engine.judging import Judgement, Judging, verdict
from policylint.kubernetes.forecast import forecast
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.model import (
    Answer,
    Change,
    Confidence,
    Finding,
    Outcome,
    ResourceId,
    Upgrade,
    combine,
)
from policylint.pipeline.judging.judge import Case, evaluate
from policylint.report.model import Evidence, ReleaseReport

_WHEN = "where Helm 3 made the release, Helm 4 goes on with client-side patches"
_TELLS = "helm get metadata tells, --apply says it"


def with_other_method(
    told: ReleaseReport, case: Case, upgrade: Upgrade, cluster: Cluster, by: Judging
) -> ReleaseReport:
    """The report with what comes out otherwise if the release is sent the other way."""
    if case.other_target is None:
        return told
    variant = forecast(replace(upgrade, target=case.other_target), cluster)
    differing = set(_differing(upgrade, variant)).difference(_refused(upgrade))
    notes = tuple(_refused_only_here(upgrade, variant))
    if not differing and not notes and not case.other_target.force_conflicts:
        return told
    otherwise = replace(case, target=variant.target, subjects=(), failures=())
    judgement = evaluate(otherwise, variant, cluster, by)
    added = _only_there(told, judgement, differing)
    rules = {rule.id: rule for rule in (*told.rules, *judgement.reported)}
    findings = tuple(sorted((*told.findings, *added), key=order))
    named = sorted(rules.keys() & {finding.rule for finding in findings})
    evidence = told.evidence or Evidence()
    return replace(
        told,
        findings=findings,
        verdict=combine((told.verdict, verdict(added, (), by.fail_on))),
        rules=tuple(map(rules.__getitem__, named)),
        evidence=replace(evidence, notes=(*evidence.notes, *notes)),
    )


def _differing(upgrade: Upgrade, variant: Upgrade) -> Iterator[ResourceId]:
    """The resources that are answered or left otherwise."""
    pairs = zip((*upgrade.changes, *upgrade.hooks), (*variant.changes, *variant.hooks), strict=True)
    for here, there in pairs:
        if _comes_to(here) != _comes_to(there):
            yield here.id


def _refused(upgrade: Upgrade) -> Iterator[ResourceId]:
    """The resources that are refused anyway: it is told where the other way accepts them."""
    for change in upgrade.changes:
        if _outcome(change.forecast.upgrade) is Outcome.REJECTED:
            yield change.id


def _comes_to(change: Change) -> tuple[object, ...]:
    forecasted = change.forecast
    answers = (forecasted.upgrade, forecasted.rollback)
    return (*map(_outcome, answers), forecasted.unapplied)


def _outcome(answer: Answer | None) -> Outcome | None:
    if answer:
        return answer.outcome
    return None


def _only_there(
    told: ReleaseReport, judgement: Judgement, differing: Collection[ResourceId]
) -> list[Finding]:
    """What is found of the other way alone."""
    known = {_about(finding) for finding in told.findings}
    return [
        replace(
            finding,
            confidence=Confidence.DEPENDS,
            because=f"{finding.because}; {_WHEN} ({_TELLS})".removeprefix("; "),
        )
        for finding in judgement.findings
        if (finding.resource is None or finding.resource in differing)
        and _about(finding) not in known
    ]


def _about(finding: Finding) -> tuple[object, ...]:
    return finding.rule, finding.direction, finding.resource


def _refused_only_here(upgrade: Upgrade, variant: Upgrade) -> Iterator[str]:
    """What the reader must know where the other way is accepted."""
    accepted = [
        str(here.id)
        for here, there in zip(upgrade.changes, variant.changes, strict=True)
        if _outcome(here.forecast.upgrade) is Outcome.REJECTED
        and _outcome(there.forecast.upgrade) is Outcome.ACCEPTED
    ]
    if accepted:
        yield (
            f"judged as sent by server-side apply; {_WHEN} ({_TELLS}), and what is refused here "
            f"is accepted: {', '.join(accepted)}"
        )
