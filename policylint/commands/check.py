"""`policylint check`: the straight line, stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from policylint.errors import PolicylintError, RuleFailure, UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.render.rendering import Rendering
from policylint.model import Finding, Verdict, combine
from policylint.pipeline.case import _case, _judging, _subjects, _values_subjects, failure
from policylint.pipeline.plan import Plan, load_config, plans
from policylint.pipeline.target import line_found, target
from policylint.report.model import ReleaseReport, Report

if TYPE_CHECKING:
    from policylint.config import Config


Progress = Callable[[int, int, str], None]
"""(number, of how many, release): called before each release is judged."""


def check(options: Options, progress: Progress | None = None) -> Report:
    """Judge what the options name and return the report; raises `UsageError` for wrong options
    only.

    Everything else that goes wrong is in the report, and its verdict is unknown.
    """
    config = load_config(options)
    with Workspace() as workspace:
        try:
            todo = plans(options, config, workspace)
        except UsageError:
            raise
        except PolicylintError as error:
            return Report(Verdict.UNKNOWN, failures=(failure("load", error),))
        releases = tuple(_each(todo, progress))
        findings, failures, together = _together(todo, releases, _named_values(options, config))
    if options.changed and not todo:
        return Report(
            Verdict.PASS,
            extra={"untouched": [f"{own.namespace}/{own.name}" for own in config.releases]},
        )
    verdicts = [release.verdict for release in releases]
    return Report(combine([*verdicts, *together]), releases, findings, failures)


def _named_values(options: Options, config: Config) -> tuple[str, ...]:
    """The values files of all configured releases, where the configuration as a whole is judged."""
    if options.after or options.rollback or options.command or options.changed:
        return ()
    return tuple(file for release in config.releases for file in release.values)


def _together(
    todo: tuple[Plan, ...], releases: tuple[ReleaseReport, ...], named: tuple[str, ...]
) -> tuple[tuple[Finding, ...], tuple[RuleFailure, ...], tuple[Verdict, ...]]:
    """What several releases show together, while the files of their sides are there."""
    if len(todo) < 2 and not named:
        return (), (), ()
    from policylint.helm.values.unused import values_files
    from policylint.pipeline.fleet import judge_together

    judging = _judging(todo[0])
    findings, failures, found = judge_together(todo, releases, judging, (values_files(named),))
    return findings, failures, (found,)


def _each(todo: tuple[Plan, ...], progress: Progress | None) -> Iterator[ReleaseReport]:
    for number, plan in enumerate(todo, 1):
        if progress is not None:
            progress(number, len(todo), plan.release)
        yield run(plan)


def run(plan: Plan) -> ReleaseReport:
    """Judge one release; an error of any stage makes its verdict unknown and is told in the
    report."""
    try:
        with Rendering(plan) as rendering:
            # The renders run meanwhile: only now load what the later stages need.
            from policylint.pipeline.judge import judge

            expected = _subjects(plan)
            judging = _judging(plan, expected)
            case = _case(plan, rendering)
            if not expected.issuperset(type(subject).__name__ for subject in case.subjects):
                judging = _judging(plan)
        return _with_modes(
            _with_causes(judge(case, judging), plan, case.subjects), plan, case.subjects
        )
    except UsageError:
        raise
    except PolicylintError as error:
        return _unrendered(plan, error)


def _unrendered(plan: Plan, error: PolicylintError) -> ReleaseReport:
    """The report of a release that could not be rendered or read: what its values say is told all
    the same."""
    from policylint.engine.evaluate import evaluate
    from policylint.engine.rule import Context
    from policylint.redaction.redactor import Redactor

    at = target(plan, line_found(plan.options) if isinstance(plan.given_after, ChartSide) else "")
    subjects, failures = _values_subjects(plan, at.helm, error.message)
    findings, more = evaluate(
        _judging(plan).rules, subjects, Context(at, level=plan.level), Redactor()
    )
    also = (each for each in failures if each.message != str(error))
    told = (failure("render", error), *also, *more)
    report = ReleaseReport(
        plan.release, plan.namespace, at, Verdict.UNKNOWN, findings=findings, failures=told
    )
    return _with_modes(report, plan, subjects)


def _with_causes(report: ReleaseReport, plan: Plan, subjects: tuple[object, ...]) -> ReleaseReport:
    """The report with the places in the user's values that findings on fields come from."""
    if not any(finding.path for finding in report.findings):
        return report
    from policylint.helm.values.blame import blamed
    from policylint.helm.values.subject import ValuesChange

    change = next((subject for subject in subjects if isinstance(subject, ValuesChange)), None)
    return replace(report, findings=blamed(report.findings, change, plan.before))


def _with_modes(report: ReleaseReport, plan: Plan, subjects: tuple[object, ...]) -> ReleaseReport:
    """The report with what the values modes make of this upgrade, where one is named."""
    from policylint.helm.values.compare import compare_modes, table, to_json
    from policylint.helm.values.subject import ValuesChange

    change = next((subject for subject in subjects if isinstance(subject, ValuesChange)), None)
    if change is None or not plan.options.values_mode:
        return report
    comparison = compare_modes(change)
    overview = table(comparison) if comparison.rows else ""
    return replace(
        report, overview=overview, extra={**report.extra, "values": to_json(change, comparison)}
    )
