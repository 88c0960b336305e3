"""Whether the verdict depends on what the cluster serves, by a judgement over each cluster that it
may be."""

from __future__ import annotations

from msgspec.structs import replace

from policylint.engine.judging import Judging
from policylint.errors import RuleFailure
from policylint.helm.render.served import tell_what_is_served
from policylint.helm.render.texts import Alternative
from policylint.model import Confidence, Finding, Severity, Verdict
from policylint.pipeline.judging.judge import Case, about, judge
from policylint.report.model import ReleaseReport


def with_other_clusters(told: ReleaseReport, case: Case, by: Judging) -> ReleaseReport:
    """The report; unknown where a cluster that serves more comes to another verdict."""
    pairs = [pair for pair in case.alternatives if pair.supposes]
    if not pairs:
        return told
    alone = replace(case, subjects=(), failures=(), alternatives=())
    plain = judge(alone, by).verdict
    for pair in pairs:
        verdict, errors = _over(pair, alone, by)
        if verdict is not plain:
            return _undecided(told, pair, errors, f"{plain} without it, {verdict} with it")
    return told


def _over(pair: Alternative, alone: Case, by: Judging) -> tuple[Verdict, tuple[Finding, ...]]:
    """The verdict over another cluster, and the errors that it rests on."""
    if pair.refused:
        return Verdict.FAIL, ()
    report = judge(replace(alone, before=pair.before, after=pair.after), by)
    errors = (finding for finding in report.findings if finding.severity is Severity.ERROR)
    return report.verdict, tuple(errors)


def _undecided(
    told: ReleaseReport, pair: Alternative, errors: tuple[Finding, ...], verdicts: str
) -> ReleaseReport:
    served = ", ".join(pair.supposes)
    known = {about(finding) for finding in told.findings}
    because = f"where the cluster serves {served}"
    findings = tuple(
        replace(
            finding,
            confidence=Confidence.DEPENDS,
            because=f"{finding.because}, {because}".removeprefix(", "),
        )
        for finding in errors
        if about(finding) not in known
    )
    refused = " (helm refuses to render the chart)" if pair.refused else ""
    failure = RuleFailure(
        "capabilities",
        f"templates ask whether the cluster serves {served}, and the verdict depends on the answer:"
        f" {verdicts}{refused}",
        tell_what_is_served(pair.supposes),
    )
    return replace(
        told,
        findings=(*told.findings, *findings),
        failures=(*told.failures, failure),
        verdict=Verdict.UNKNOWN,
    )
