"""A case: what rendering a plan comes to, ready to be judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from policylint.engine.judging import Judging, judging
from policylint.errors import PolicylintError, RuleFailure, SourceError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.revisions import History
from policylint.helm.inputs.sides import ChartSide, EmptySide, ManifestSide
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.render.rendering import Rendering
from policylint.helm.render.texts import Rendered, both_sides
from policylint.kubernetes.api.schemas import (
    NEWEST,
    RECORDED,
    minor_number,
    recorded_for,
    schemas,
)
from policylint.kubernetes.manifests.arriving import arriving
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Apply, Created, Deleted, Kept, Resource, ResourceId, Target, Upgrade
from policylint.pipeline.ahead import load_ahead
from policylint.pipeline.assessed import over_time
from policylint.pipeline.configuration.settings import load_config
from policylint.pipeline.inputs import inputs_of
from policylint.pipeline.judging.judge import Case, forecasted, prepare
from policylint.pipeline.load import plans
from policylint.pipeline.plan import Plan, at_hand
from policylint.pipeline.target import installed_line, minor, target
from policylint.pipeline.texts import named_texts
from policylint.report.model import Evidence
from policylint.runtime.deadline import Deadline, TimeIsUp

if TYPE_CHECKING:
    from policylint.helm.engines.papercluster import Lookup
    from policylint.helm.values.subject import ValuesChange

_LARGE = 512 * 1024
"""Characters of a manifest below which its record is small, whatever it holds."""

# What charts and commands take to judge is loaded where there is one: manifests alone need none.


def case_of(plan: Plan, rendering: Rendering) -> Case:
    """Wait for the renders of a plan, and put together what is to be judged.

    Raises `RenderError` with helm's words, `SourceError` where the after side holds nothing.
    """
    subjects, failures = values_subjects(plan, rendering.line or "4")
    judging_of(plan)  # so that the rules are loaded while helm still renders
    prepare(minor(plan.settings))
    load_ahead(rendering)
    before, after = _post_rendered(plan, *both_sides(rendering))
    _refuse_empty(plan, after)
    line = rendering.line
    if not line and not plan.settings.line:
        line = installed_line(plan.options)
    to = target(plan.settings, line, _recorded_method(plan, before, after))
    return Case(
        release=plan.release,
        namespace=plan.namespace,
        target=to,
        before=before.texts,
        after=after.texts,
        before_crds=before.crds,
        after_crds=_sent_crds(plan, before, after),
        named_crds=named_texts(plan.settings.crds, plan.settings.called),
        policies=named_texts(plan.settings.policies, plan.settings.called),
        live=named_texts(plan.options.live),
        kept=_kept(plan),
        immutable_paths=plan.settings.immutable_paths,
        subjects=(*plan.invocations, *subjects, *_render_subjects(plan, subjects, after)),
        invocations=plan.invocations,
        failures=(*plan.failures, *_unrun(plan), *failures, *_unknown_lookups(plan, after)),
        other_target=_other_target(plan, to, before, after),
        alternatives=after.alternatives,
        inputs=inputs_of(values_change_of(subjects), plan.before, plan.history),
        rollout=plan.rollout,
        secrets=plan.secrets,
        restarting=after.unsteady.restarting if after.unsteady else {},
        earlier=partial(_earlier, plan, rendering.line or "4"),
        evidence=_evidence(plan, rendering, before, after),
    )


def _kept(plan: Plan) -> Mapping[ResourceId, Resource]:
    """What earlier revisions of the release have left in the cluster, where its records tell."""
    if plan.history is None:
        return {}
    from policylint.helm.history.kept import kept_objects

    return kept_objects(plan.history, minor(plan.settings))


def _recorded_method(plan: Plan, before: Rendered, after: Rendered) -> str:
    """How the record says that the release is sent, "" where there is none.

    A rollback is sent as the revision was that it goes back to, an upgrade as the last one, even if
    that failed (helm pkg/action, getUpgradeServerSideValue).
    """
    if plan.options.rollback:
        return after.apply_method
    if isinstance(plan.before, ManifestSide):
        history = plan.before.history
    else:
        history = None
    last = history.last.method if history is not None else ""
    return last or before.apply_method


def _other_target(plan: Plan, to: Target, before: Rendered, after: Rendered) -> Target | None:
    """How else the release may be sent: Helm 4 goes on with client-side patches where Helm 3 has
    made the release, and no record, option or declaration tells who did."""
    told = plan.settings.apply is not None or _recorded_method(plan, before, after)
    if told or to.apply is not Apply.SERVER_SIDE or not before.has_text:
        return None
    forced = plan.options.force_conflicts
    return replace(to, apply=Apply.CLIENT_SIDE, force_conflicts=forced)


def _post_rendered(plan: Plan, before: Rendered, after: Rendered) -> tuple[Rendered, Rendered]:
    """Both sides as the kustomize post-renderers of their declarations leave them."""
    if not any(plan.post_renderers):
        return before, after
    from policylint.pipeline.postrender import post_rendered

    old, new = plan.post_renderers
    return post_rendered(before, old), post_rendered(after, new)


def _sent_crds(plan: Plan, before: Rendered, after: Rendered) -> tuple[Text, ...]:
    """The crds/ of the after side, unless this is an installation that leaves them out."""
    if plan.options.skip_crds and not before.has_text:
        return ()
    return after.crds


def _refuse_empty(plan: Plan, after: Rendered) -> None:
    if plan.options.allow_empty or isinstance(plan.after, EmptySide) or after.has_text:
        return
    raise SourceError(
        "the after side holds no resource",
        file=plan.after.label,
        remedy="name the right side, or say --allow-empty",
    )


def values_subjects(
    plan: Plan, helm: str, error: str = ""
) -> tuple[tuple[object, ...], tuple[RuleFailure, ...]]:
    """The values change and the new chart as subjects, where the after side is a chart at hand.

    `error` is what helm said where the chart could not be rendered.
    """
    if not isinstance(plan.named_after, ChartSide):
        return (), ()
    from policylint.helm.values.capabilities import ClusterQuestions
    from policylint.helm.values.stage import values_change

    try:
        change = values_change(plan.before, plan.named_after, plan.options.values_mode, helm, error)
    except PolicylintError as broken:
        return (), (failure("values", broken),)
    if change is None:
        return (), ()
    named = bool(plan.settings.kubernetes)
    questions = ClusterQuestions(change.new, named, plan.settings.api_versions)
    return (change, change.new, questions), ()


def _earlier(plan: Plan, helm: str) -> tuple[object, ...]:
    """The subjects of the before side: what deploys it, and its chart and values left as they
    are."""
    if not isinstance(plan.before, ChartSide):
        return plan.earlier
    subjects, _ = values_subjects(replace(plan, named_after=plan.before), helm)
    return (*plan.earlier, *subjects)


def _render_subjects(plan: Plan, subjects: tuple[object, ...], after: Rendered) -> Iterator[object]:
    """The history that the before side comes from, the size of the record that the upgrade will
    write, and what differs from render to render."""
    if plan.history is not None:
        yield plan.history
    change = values_change_of(subjects)
    if change is not None:
        from policylint.helm.history.size import forecast as record_size

        result = change.effective
        yield record_size(result.chart, result.user_values, after.manifest, name=plan.release)
    elif len(after.manifest) > _LARGE:
        from policylint.helm.history.size import of_manifest

        yield of_manifest(after.manifest)
    if after.unsteady is not None:
        yield after.unsteady


def values_change_of(subjects: tuple[object, ...]) -> ValuesChange | None:
    """The values change among the subjects of a case."""
    if not subjects:
        return None
    from policylint.helm.values.subject import ValuesChange

    return next((subject for subject in subjects if isinstance(subject, ValuesChange)), None)


def upgrades(options: Options) -> list[Upgrade]:
    """What the options name, rendered, read, diffed and forecast but not judged, less what will
    not be in the cluster though a manifest says it; raises what any stage raises, SourceError where
    the time of the run is over."""
    try:
        with Deadline(options.time_limit).share(is_last=True):
            return _upgrades(options)
    except TimeIsUp:
        raise over_time("what changes was not told", options.time_limit) from None


def _upgrades(options: Options) -> list[Upgrade]:
    changed = []
    with Workspace() as workspace:
        for plan in plans(options, load_config(options), workspace).plans:
            if plan.error is not None:
                raise plan.error
            rendered = at_hand(plan, workspace)
            with Rendering(rendered) as rendering:
                case = case_of(rendered, rendering)
            changed.append(arriving(forecasted(case), schemas(case.target.kubernetes)))
    return changed


def failure(stage: str, error: PolicylintError) -> RuleFailure:
    """An error as a line of the report."""
    return RuleFailure(stage, str(error), error.remedy)


def judging_of(plan: Plan, subjects: tuple[object, ...] = ()) -> Judging:
    """How a plan is judged: by the rules on what it probably brings, as others need not be loaded;
    by all rules where the subjects turn out to be more than that."""
    types: set[type] = {Upgrade, Created, Kept, Deleted}
    if plan.invocations:
        types |= _command_types()
    if isinstance(plan.named_after, ChartSide):
        types |= _chart_types()
    if plan.history is not None:
        types |= {History}
    if plan.rollout is not None:
        types |= {type(plan.rollout)}
    if not types.issuperset(map(type, subjects)):
        types = set()
    return judging(plan.settings.criteria, frozenset(types))


def _command_types() -> set[type]:
    """What rules judge of a command."""
    from policylint.scan.invocations.model import Invocation
    from policylint.scan.repository.together import Together

    return {Invocation, Together}


def _chart_types() -> set[type]:
    """What rules judge of a chart and its values."""
    from policylint.helm.history.size import Forecast as RecordSize
    from policylint.helm.render.steady import UnsteadyRender
    from policylint.helm.values.capabilities import ClusterQuestions
    from policylint.helm.values.chart import Chart
    from policylint.helm.values.subject import ValuesChange

    return {ValuesChange, Chart, ClusterQuestions, UnsteadyRender, RecordSize}


def _evidence(plan: Plan, rendering: Rendering, before: Rendered, after: Rendered) -> Evidence:
    """What was compared, by which engine, and what the reader must know of it."""
    notes = [
        *plan.before.notes,
        *plan.after.notes,
        *before.notes,
        *after.notes,
        *_engine_notes(plan, rendering),
        *_version_notes(minor(plan.settings)),
    ]
    if plan.options.rollback:
        notes.append("the upgrade judged here is the rollback")
    return Evidence(
        before=plan.before.label,
        after=plan.after.label,
        engine=rendering.engine_name,
        notes=tuple(dict.fromkeys(notes)),
    )


def _engine_notes(plan: Plan, rendering: Rendering) -> Iterator[str]:
    """What the reader must know of the engine: one Helm line renders where the other will
    upgrade."""
    sending = plan.settings.line
    if rendering.line and sending and sending != rendering.line:
        engine = f"Helm {rendering.line} ({rendering.engine_name})"
        yield f"rendered by {engine}, judged as Helm {sending} sends it"


def _version_notes(version: str) -> Iterator[str]:
    """What the judgement of this Kubernetes minor rests on, where that is not its own recorded
    answers."""
    if minor_number(version) > minor_number(NEWEST):
        yield f"Kubernetes {version} is newer than the newest known: judged by {NEWEST}"
    elif version not in RECORDED:
        judge = recorded_for(version)
        yield (
            f"no answers of Kubernetes {version} are recorded:"
            f" judged by {judge} and documented changes"
        )


def _unknown_lookups(plan: Plan, after: Rendered) -> Iterator[RuleFailure]:
    """What templates ask of the cluster that nobody can know here: what they make of the answer is
    unknown too."""
    if not after.lookups:
        return
    from policylint.helm.render.standing import templates_that_look_up

    wanted = ", ".join(dict.fromkeys(map(_lookup, after.lookups)))
    templates = ", ".join(templates_that_look_up(plan.after)) or "a template"
    yield RuleFailure(
        "lookup",
        f"{templates} looks up what is not of this release: {wanted};"
        " what the upgrade renders depends on the answer",
        "give the objects: kubectl get KIND NAME -n NAMESPACE -o yaml > live.yaml,"
        " then --live live.yaml; or ask the cluster: --before release:NAMESPACE/NAME",
    )


def _lookup(lookup: Lookup) -> str:
    kind = lookup.kind or lookup.version
    where = f"{lookup.namespace}/" if lookup.namespace else ""
    if lookup.name:
        return f"{kind} {where}{lookup.name}"
    return f"every {kind} of {where or 'all'}"


def _unrun(plan: Plan) -> tuple[RuleFailure, ...]:
    if not plan.options.post_renderer:
        return ()
    return (
        RuleFailure(
            "post-renderer",
            f"the post-renderer {plan.options.post_renderer} was not run,"
            " so what Helm would send is not known",
            "give its output as the sides: --before before.yaml after.yaml",
        ),
    )
