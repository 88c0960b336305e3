"""The straight line: load, render, read, diff, forecast, evaluate, report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from policylint.errors import PolicylintError, SourceError, UsageError
from policylint.model import Finding, Json, Upgrade, Verdict, combine
from policylint.helm.inputs.options import Options
from policylint.pipeline.plan import Plan, line_found, load_config, minor, named_line, plans, target
from policylint.helm.render.rendering import Rendered, Rendering
from policylint.report.model import ReleaseReport, Report, RuleFailure
from policylint.helm.inputs.sides import ChartSide, EmptySide, ManifestSide
from policylint.helm.inputs.workspace import Workspace

if TYPE_CHECKING:
    from policylint.config import Config
    from policylint.pipeline.judge import Case, Judging
    from policylint.kubernetes.manifests.reader import Text
    from policylint.helm.values.capabilities import ClusterQuestions
    from policylint.helm.values.chart import Chart

Progress = Callable[[int, int, str], None]
"""(number, of how many, release): called before each release is judged."""


def check(options: Options, progress: Progress | None = None) -> Report:
    """Judge what the options name and return the report; raises `UsageError` for wrong options only.

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
        return Report(Verdict.PASS, extra={"untouched": [f"{own.namespace}/{own.name}" for own in config.releases]})
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
    from policylint.pipeline.fleet import judge_together
    from policylint.helm.values.unused import values_files

    judging = _judging(todo[0])
    findings, failures, found = judge_together(todo, releases, judging, (values_files(named),))
    return findings, failures, (found,)


def _each(todo: tuple[Plan, ...], progress: Progress | None) -> Iterator[ReleaseReport]:
    for number, plan in enumerate(todo, 1):
        if progress is not None:
            progress(number, len(todo), plan.release)
        yield run(plan)


def run(plan: Plan) -> ReleaseReport:
    """Judge one release; an error of any stage makes its verdict unknown and is told in the report."""
    try:
        with Rendering(plan) as rendering:
            # The renders run meanwhile: only now load what the later stages need.
            from policylint.pipeline.judge import judge

            expected = _subjects(plan)
            judging = _judging(plan, expected)
            case = _case(plan, rendering)
            if not expected.issuperset(type(subject).__name__ for subject in case.subjects):
                judging = _judging(plan)
        return _with_modes(_with_causes(judge(case, judging), plan, case.subjects), plan, case.subjects)
    except UsageError:
        raise
    except PolicylintError as error:
        return _unrendered(plan, error)


def _unrendered(plan: Plan, error: PolicylintError) -> ReleaseReport:
    """The report of a release that could not be rendered or read: what its values say is told all the same."""
    from policylint.engine.evaluate import evaluate
    from policylint.redaction.redactor import Redactor
    from policylint.engine.rule import Context

    at = target(plan, line_found(plan.options) if isinstance(plan.given_after, ChartSide) else "")
    subjects, failures = _values_subjects(plan, at.helm, error.message)
    findings, more = evaluate(_judging(plan).rules, subjects, Context(at, level=plan.level), Redactor())
    also = (each for each in failures if each.message != str(error))
    told = (failure("render", error), *also, *more)
    report = ReleaseReport(plan.release, plan.namespace, at, Verdict.UNKNOWN, findings=findings, failures=told)
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
    return replace(report, overview=overview, extra={**report.extra, "values": to_json(change, comparison)})


def _values_subjects(plan: Plan, helm: str, failed: str = "") -> tuple[tuple[object, ...], tuple[RuleFailure, ...]]:
    """The values change and the new chart as subjects, where the after side is a chart at hand."""
    from policylint.helm.values.stage import values_change

    try:
        change = values_change(plan.before, plan.given_after, plan.options.values_mode, helm, failed)
    except PolicylintError as error:
        return (), (failure("values", error),)
    return ((change, change.new, _questions(plan, change.new)) if change else ()), ()


def _questions(plan: Plan, chart: Chart) -> ClusterQuestions:
    """The new chart with what the options and the configuration say of the cluster."""
    from policylint.helm.values.capabilities import ClusterQuestions

    version = plan.options.kube_version or plan.environment.kubernetes or plan.config.kubernetes
    return ClusterQuestions(chart, bool(version), (*plan.options.api_versions, *plan.environment.api_versions))


def _record_subjects(plan: Plan, subjects: tuple[object, ...], after: Rendered) -> Iterator[object]:
    """The history that the before side comes from, and the size of the record that the upgrade will write."""
    from policylint.helm.history.size import forecast
    from policylint.helm.values.subject import ValuesChange

    if isinstance(plan.before, ManifestSide) and plan.before.history:
        yield plan.before.history
    for change in subjects:
        if isinstance(change, ValuesChange):
            result = change.effective
            yield forecast(result.chart, result.user_values, after.manifest, name=plan.release)


def upgrades(options: Options) -> list[Upgrade]:
    """What the options name, rendered, read and diffed but not judged; raises what any stage raises."""
    found = []
    with Workspace() as workspace:
        for plan in plans(options, load_config(options), workspace):
            with Rendering(plan) as rendering:
                from policylint.pipeline.judge import read

                found.append(read(_case(plan, rendering))[0])
    return found


def failure(stage: str, error: PolicylintError) -> RuleFailure:
    """An error as a line of the report."""
    return RuleFailure(stage, str(error), error.remedy)


def _judging(plan: Plan, subjects: frozenset[str] = frozenset()) -> Judging:
    """How a plan is judged; with `subjects`, by the rules on these types."""
    from policylint.config import severities
    from policylint.pipeline.judge import Judging
    from policylint.engine.registry import all_rules, select

    options, config = plan.options, plan.config
    rules, failures = all_rules(subjects)
    levels, settings = severities(*plan.rule_tables)
    chosen = select(
        rules,
        selected=options.select or config.select,
        ignored=(*options.ignore, *config.ignore),
        level=plan.level,
    )
    return Judging(chosen, levels, settings, plan.level, plan.fail_on, options.strict or config.strict, failures)


def _subjects(plan: Plan) -> frozenset[str]:
    """The subject types that a plan probably has, so that rules on others need not be loaded."""
    found = {"Upgrade", "Created", "Kept", "Deleted"}
    if plan.invocations:
        found |= {"Invocation", "Together"}
    if isinstance(plan.given_after, ChartSide):
        found |= {"ValuesChange", "Chart", "ClusterQuestions", "UnsteadyRender", "Forecast"}
    if isinstance(plan.before, ManifestSide) and plan.before.history is not None:
        found |= {"History"}
    return frozenset(found)


def _case(plan: Plan, rendering: Rendering) -> Case:
    from policylint.pipeline.judge import Case, prepare

    subjects, failures = _values_subjects(plan, rendering.line or "4")
    prepare(minor(plan.options, plan.environment, plan.config))
    before, after = rendering.wait()
    asked = named_line(plan.options, plan.environment, plan.config)
    if not plan.options.allow_empty and not isinstance(plan.after, EmptySide) and not after.text_found:
        raise SourceError(
            "the after side holds no resource",
            file=plan.after.label,
            remedy="name the right side, or say --allow-empty",
        )
    return Case(
        release=plan.release,
        namespace=plan.namespace,
        target=target(
            plan,
            rendering.line or (not asked and line_found(plan.options)) or "",
            (after if plan.options.rollback else before).apply_method,
        ),
        before=before.texts,
        after=after.texts,
        before_crds=before.crds,
        after_crds=after.crds,
        named_crds=_texts((*plan.options.crds, *plan.config.crds)),
        live=_texts(plan.options.live),
        immutable_paths=plan.config.immutable_paths,
        subjects=(
            *plan.subjects,
            *subjects,
            *_record_subjects(plan, subjects, after),
            *((after.unsteady,) if after.unsteady else ()),
        ),
        invocations=plan.invocations,
        failures=(*_unrun(plan), *failures),
        evidence=_evidence(plan, rendering, before, after),
    )


def _evidence(plan: Plan, rendering: Rendering, before: Rendered, after: Rendered) -> dict[str, Json]:
    """What was compared, by which engine, and what the reader must know of it."""
    sides = (*plan.before.notes, *plan.after.notes, *before.notes, *after.notes)
    rollback = ["the upgrade judged here is the rollback"] if plan.options.rollback else []
    return {
        "before": plan.before.label,
        "after": plan.after.label,
        "engine": rendering.engine_name,
        "notes": list(
            dict.fromkeys([*sides, *_unread(plan), *_engine_notes(plan, rendering), *_version_notes(plan), *rollback])
        ),
    }


def _unread(plan: Plan) -> list[str]:
    """What is not judged of a chart that helm pulled: its own files are not read."""
    from policylint.helm.values.side import is_local

    if not isinstance(plan.after, ChartSide) or is_local(plan.after):
        return []
    return ["helm pulled the chart: rules on its values and files are judged where you name its archive (helm pull)"]


def _engine_notes(plan: Plan, rendering: Rendering) -> list[str]:
    """What the reader must know of the engine: one Helm line renders where the other will upgrade."""
    asked = named_line(plan.options, plan.environment, plan.config)
    if rendering.line and asked and asked != rendering.line:
        return [f"rendered by Helm {rendering.line} ({rendering.engine_name}), judged as Helm {asked} sends it"]
    return []


def _version_notes(plan: Plan) -> list[str]:
    """What the judgement of this Kubernetes minor rests on, where that is not its own recorded answers."""
    from policylint.kubernetes.api.schemas import NEWEST, RECORDED, minor_number, recorded_for

    wanted = minor(plan.options, plan.environment, plan.config)
    if minor_number(wanted) > minor_number(NEWEST):
        return [f"Kubernetes {wanted} is newer than the newest known: judged by {NEWEST}"]
    if wanted not in RECORDED:
        return [
            f"no answers of Kubernetes {wanted} are recorded: judged by {recorded_for(wanted)} and documented changes"
        ]
    return []


def _texts(named: tuple[str, ...]) -> tuple[Text, ...]:
    """The texts of files, directories and `-`."""
    from policylint.kubernetes.manifests.reader import Text
    from policylint.helm.sources.manifests import from_directory, from_file, from_stdin

    sides = [
        from_stdin() if name == "-" else from_directory(Path(name)) if Path(name).is_dir() else from_file(Path(name))
        for name in named
    ]
    return tuple(Text(file, text) for side in sides for file, text in side.text)


def _unrun(plan: Plan) -> tuple[RuleFailure, ...]:
    if not plan.options.post_renderer:
        return ()
    return (
        RuleFailure(
            "post-renderer",
            f"the post-renderer {plan.options.post_renderer} was not run, so what Helm would send is not known",
            "give its output as the sides: --before before.yaml after.yaml",
        ),
    )
