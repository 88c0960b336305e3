"""The straight line: load, render, read, diff, forecast, evaluate, report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from policylint.errors import PolicylintError, RuleFailure, SourceError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, EmptySide, ManifestSide
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.render.rendering import Rendered, Rendering
from policylint.model import Json, Upgrade
from policylint.pipeline.plan import Plan, load_config, plans
from policylint.pipeline.target import line_found, minor, named_line, target

if TYPE_CHECKING:
    from policylint.engine.judging import Judging
    from policylint.helm.values.capabilities import ClusterQuestions
    from policylint.helm.values.chart import Chart
    from policylint.kubernetes.manifests.reader import Text
    from policylint.pipeline.judge import Case


def _values_subjects(
    plan: Plan, helm: str, failed: str = ""
) -> tuple[tuple[object, ...], tuple[RuleFailure, ...]]:
    """The values change and the new chart as subjects, where the after side is a chart at hand."""
    from policylint.helm.values.stage import values_change

    try:
        change = values_change(
            plan.before, plan.given_after, plan.options.values_mode, helm, failed
        )
    except PolicylintError as error:
        return (), (failure("values", error),)
    return ((change, change.new, _questions(plan, change.new)) if change else ()), ()


def _questions(plan: Plan, chart: Chart) -> ClusterQuestions:
    """The new chart with what the options and the configuration say of the cluster."""
    from policylint.helm.values.capabilities import ClusterQuestions

    version = plan.options.kube_version or plan.environment.kubernetes or plan.config.kubernetes
    return ClusterQuestions(
        chart, bool(version), (*plan.options.api_versions, *plan.environment.api_versions)
    )


def _record_subjects(plan: Plan, subjects: tuple[object, ...], after: Rendered) -> Iterator[object]:
    """The history that the before side comes from, and the size of the record that the upgrade will
    write."""
    from policylint.helm.history.size import forecast
    from policylint.helm.values.subject import ValuesChange

    if isinstance(plan.before, ManifestSide) and plan.before.history:
        yield plan.before.history
    for change in subjects:
        if isinstance(change, ValuesChange):
            result = change.effective
            yield forecast(result.chart, result.user_values, after.manifest, name=plan.release)


def upgrades(options: Options) -> list[Upgrade]:
    """What the options name, rendered, read and diffed but not judged; raises what any stage
    raises."""
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
    from policylint.engine.judging import Judging
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
    return Judging(
        chosen,
        levels,
        settings,
        plan.level,
        plan.fail_on,
        options.strict or config.strict,
        failures,
    )


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
    if (
        not plan.options.allow_empty
        and not isinstance(plan.after, EmptySide)
        and not after.text_found
    ):
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


def _evidence(
    plan: Plan, rendering: Rendering, before: Rendered, after: Rendered
) -> dict[str, Json]:
    """What was compared, by which engine, and what the reader must know of it."""
    sides = (*plan.before.notes, *plan.after.notes, *before.notes, *after.notes)
    rollback = ["the upgrade judged here is the rollback"] if plan.options.rollback else []
    return {
        "before": plan.before.label,
        "after": plan.after.label,
        "engine": rendering.engine_name,
        "notes": list(
            dict.fromkeys(
                [
                    *sides,
                    *_unread(plan),
                    *_engine_notes(plan, rendering),
                    *_version_notes(plan),
                    *rollback,
                ]
            )
        ),
    }


def _unread(plan: Plan) -> list[str]:
    """What is not judged of a chart that helm pulled: its own files are not read."""
    from policylint.helm.values.side import is_local

    if not isinstance(plan.after, ChartSide) or is_local(plan.after):
        return []
    return [
        "helm pulled the chart: rules on its values and files are judged where you name its archive (helm pull)"
    ]


def _engine_notes(plan: Plan, rendering: Rendering) -> list[str]:
    """What the reader must know of the engine: one Helm line renders where the other will
    upgrade."""
    asked = named_line(plan.options, plan.environment, plan.config)
    if rendering.line and asked and asked != rendering.line:
        return [
            f"rendered by Helm {rendering.line} ({rendering.engine_name}), judged as Helm {asked} sends it"
        ]
    return []


def _version_notes(plan: Plan) -> list[str]:
    """What the judgement of this Kubernetes minor rests on, where that is not its own recorded
    answers."""
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
    from policylint.helm.sources.manifests import from_directory, from_file, from_stdin
    from policylint.kubernetes.manifests.reader import Text

    sides = [
        from_stdin()
        if name == "-"
        else from_directory(Path(name))
        if Path(name).is_dir()
        else from_file(Path(name))
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
