"""What is added to a judged release, and what is reported of one that does not render."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import convert
from msgspec.structs import replace

from policylint.engine.judging import Judgement, judge
from policylint.errors import PolicylintError, RenderError, RuleFailure
from policylint.helm.inputs.sides import ChartSide, Side
from policylint.pipeline.case import failure, judging_of, values_change_of, values_subjects
from policylint.pipeline.chartwords import with_chart
from policylint.pipeline.plan import Plan
from policylint.pipeline.target import installed_line, target
from policylint.pipeline.templates import in_repository
from policylint.pipeline.toolwords import with_tool
from policylint.report.model import ChartChange, ChartVersion, ReleaseReport, ValuesSummary

if TYPE_CHECKING:
    from policylint.helm.values.chart import Chart
    from policylint.helm.values.subject import ValuesChange
    from policylint.model import Target, Upgrade
    from policylint.pipeline.judging.judge import Case


def with_values(report: ReleaseReport, plan: Plan, subjects: tuple[object, ...]) -> ReleaseReport:
    """The report with the templates' own files, the chart in its commands, and what the values
    modes make of this upgrade where one is named."""
    change = values_change_of(subjects)
    if change is None:
        return report
    findings = in_repository(report.findings, plan.named_after, change.new.name)
    findings = with_tool(with_chart(findings, plan.named_after), plan.rollout)
    report = replace(report, findings=findings, chart=_charts(plan, change))
    if not plan.options.values_mode:
        return report
    from policylint.helm.values.compare import compare_modes, table, to_json

    comparison = compare_modes(change)
    overview = table(comparison) if comparison.rows else ""
    summary = convert(to_json(change, comparison), ValuesSummary)
    return replace(report, overview=overview, values=summary)


def with_lines(report: ReleaseReport, case: Case) -> ReleaseReport:
    """The report with findings at the line of their field."""
    if not any(finding.path for finding in report.findings):
        return report
    from policylint.pipeline.lines import Lines

    lines = Lines(case, values_change_of(case.subjects))
    return replace(report, findings=lines.told(report.findings))


def _charts(plan: Plan, change: ValuesChange) -> ChartChange:
    if change.old is None:
        old = None
    else:
        old = _version(change.old, plan.before)
    return ChartChange(old, _version(change.new, plan.named_after))


def _version(chart: Chart, side: Side) -> ChartVersion:
    """Which chart a side is, with the digest of its archive where it is one."""
    if isinstance(side, ChartSide):
        archive = Path(side.chart)
    else:
        archive = None
    digest = ""
    if archive is not None and archive.is_file():
        import hashlib  # it brings OpenSSL, and most charts are directories

        digest = f"sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}"
    return ChartVersion(chart.name, chart.version, digest)


def with_declaration(report: ReleaseReport, plan: Plan, upgrade: Upgrade | None) -> ReleaseReport:
    """The report with where the release is declared, what becomes of it, and whether that is
    routine."""
    chart = report.chart or plan.chart
    controller = plan.rollout.behaviour if plan.rollout else ()
    report = replace(
        report, source=plan.source, controller=controller, change=plan.change, chart=chart
    )
    if upgrade is None:
        return report
    from policylint.pipeline.bump import is_routine

    return replace(report, routine=is_routine(upgrade))


def unrendered(plan: Plan, error: PolicylintError) -> ReleaseReport:
    """The report of a release that could not be rendered or read: what its values say is told all
    the same.

    Its verdict is unknown, unless helm refuses the chart and its values themselves: then the
    upgrade fails for certain.
    """
    if isinstance(plan.named_after, ChartSide):
        line = installed_line(plan.options)
    else:
        line = ""
    at = target(plan.settings, line)
    subjects, failures = values_subjects(plan, at.helm, error.message)
    judgement = _of_certain_failure(plan, error, subjects, at)
    if judgement is None:
        also = (broken for broken in failures if not _is_told(broken, error))
        told = (failure("render", error), *plan.failures, *also)
        judgement = judge(judging_of(plan), subjects, at, failures=told)
    report = ReleaseReport(
        plan.release,
        plan.namespace,
        at,
        judgement.verdict,
        findings=judgement.findings,
        failures=judgement.failures,
        rules=judgement.reported,
    )
    return with_declaration(with_values(report, plan, subjects), plan, None)


def _is_told(broken: RuleFailure, error: PolicylintError) -> bool:
    """Whether the error says the same, or stopped at the same file: the chart that helm cannot load
    cannot be read here."""
    if error.file and broken.message.startswith(f"{error.file}:"):
        return True
    return broken.message.rpartition(": ")[2] in str(error)


def _of_certain_failure(
    plan: Plan, error: PolicylintError, subjects: tuple[object, ...], at: Target
) -> Judgement | None:
    """What is judged of a chart that helm refuses; None where that is not certain, or where
    nobody wants to hear of it: then it is unknown."""
    if not isinstance(error, RenderError) or not error.certain:
        return None
    from policylint.helm.render.failed import FailedRender

    refused = FailedRender.of(error)
    judgement = judge(judging_of(plan, (refused,)), (refused, *subjects), at)
    is_told = any(finding.because == error.message for finding in judgement.findings)
    if is_told:
        return judgement
    return None
