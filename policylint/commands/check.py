"""`policylint check`: the straight line, stage by stage."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from policylint.errors import PolicylintError, UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.render.rendering import Rendering
from policylint.pipeline.assessed import Assessed
from policylint.pipeline.budget import Budget
from policylint.pipeline.configuration.settings import load_config
from policylint.pipeline.load import plans
from policylint.pipeline.many.releases import Progress, every_release, part
from policylint.pipeline.plan import Plan, at_hand
from policylint.report.model import ReleaseReport, Report
from policylint.runtime.deadline import Deadline, TimeIsUp
from policylint.runtime.trace import timed

if TYPE_CHECKING:
    from policylint.engine.judging import Judging
    from policylint.kubernetes.forecast.cluster import Cluster
    from policylint.model import Upgrade
    from policylint.pipeline.judging.dryruns import Answers
    from policylint.pipeline.judging.judge import Case


def check(options: Options, progress: Progress | None = None) -> Report:
    """Judge what the options name and return the report; raises `UsageError` for wrong options
    only.

    Everything else that goes wrong is in the report, and its verdict is unknown.
    """
    config = load_config(options)
    _refuse_unnamed(options)
    deadline = Deadline(options.time_limit)
    with Workspace() as workspace:
        try:
            with deadline.share(is_last=True):
                loaded = timed("load", plans, options, config, workspace)  # load
        except (PolicylintError, TimeIsUp) as error:
            from policylint.pipeline.whole import unloaded

            return unloaded(error, options)
        release = partial(assess, Budget(options.blame), is_kept=len(loaded.plans) > 1)
        places = part(loaded.plans, options.shard)
        own = [loaded.plans[place] for place in places]
        rows = every_release(own, release, deadline, options, progress)
        from policylint.pipeline.whole import of_shard, whole  # nothing waits for it any more

        if options.shard:
            return of_shard(loaded, places, rows, options)
        return whole(loaded, rows, options, deadline)


def assess(budget: Budget, plan: Plan, *, is_kept: bool = False) -> Assessed:
    """One release, from its plan to its report, stage by stage; raises `UsageError` only.

    With `is_kept` it is told whether other runs may believe it.
    """
    budget.is_cut = False
    with Workspace() as workspace:
        try:
            if plan.error is not None:
                raise plan.error
            plan = timed("pull", at_hand, plan, workspace)  # pull
            return _assessed(budget, plan, is_kept=is_kept)
        except PolicylintError as error:
            again = _without_schemas(plan, error)
            if again is not None:
                return replace(assess(budget, again), lasting=False)
            return Assessed(_unrendered(plan, error))


def _assessed(budget: Budget, plan: Plan, *, is_kept: bool) -> Assessed:
    with Rendering(plan) as rendering:
        # Helm renders meanwhile: only now load what the later stages need.
        from policylint.kubernetes.forecast import forecast
        from policylint.pipeline import case as cases
        from policylint.pipeline import lasting, outcome
        from policylint.pipeline.judging import clusters, judge, methods
        from policylint.pipeline.waiving import beside

        case = timed("render", cases.case_of, plan, rendering)  # render
    sides = timed("read", judge.read, case)  # read
    upgrade = timed("diff", judge.diff, case, sides)  # diff
    cluster = judge.cluster_of(case, sides)
    upgrade = timed("forecast", forecast, upgrade, cluster)  # forecast
    answers = timed("ask", _answers, plan.options, upgrade, cluster)  # ask
    asked = case if answers is None else answers.case(case)
    judging = cases.judging_of(plan, asked.subjects)
    judgement = timed("evaluate", judge.evaluate, asked, upgrade, cluster, judging)
    report = judge.report(case, upgrade, cluster, judgement)  # report
    if answers is not None:
        report = answers.beside(report)
    report = judge.with_alternatives(report, case, judging)
    report = clusters.with_other_clusters(report, case, judging)
    report = methods.with_other_method(report, case, upgrade, cluster, judging)
    report = outcome.with_lines(report, case)
    if report.findings:
        report = _with_causes(report, budget, plan, rendering, case, upgrade, judging)
    report = outcome.with_values(report, plan, case.subjects)
    report = outcome.with_declaration(report, plan, upgrade)
    assessed = Assessed(report, beside(case, upgrade))
    if not is_kept:
        return assessed
    return replace(assessed, lasting=lasting.lasts(assessed, plan, upgrade, budget))


def _without_schemas(plan: Plan, error: PolicylintError) -> Plan | None:
    """The plan without schemas that helm could not load, where that is what went wrong."""
    from policylint.pipeline.schemaless import without_schemas

    return without_schemas(plan, error)


def _unrendered(plan: Plan, error: PolicylintError) -> ReleaseReport:
    """The report of a release that one of the stages could not judge; raises a `UsageError`
    again."""
    if isinstance(error, UsageError):
        raise error
    from policylint.pipeline.outcome import unrendered

    return unrendered(plan, error)


def _with_causes(
    report: ReleaseReport,
    budget: Budget,
    plan: Plan,
    rendering: Rendering,
    case: Case,
    upgrade: Upgrade,
    judging: Judging,
) -> ReleaseReport:
    if not isinstance(plan.after, ChartSide):  # manifests have no parts to take back
        return report
    from policylint.pipeline.blame.causes import Blame  # most releases have no finding

    try:
        with Workspace() as workspace:
            blame = Blame(budget, workspace)
            return timed("blame", blame.add, report, plan, rendering, case, upgrade, judging)
    except TimeIsUp:  # what is found is told, with its causes or without
        budget.is_cut = True
        return report


def _refuse_unnamed(options: Options) -> None:
    """Raise `UsageError` where a cluster is to be asked, and none is named, and for the shard of
    one release."""
    if options.shard:
        from policylint.pipeline.many.shards import refuse_unsharded

        refuse_unsharded(options)
    if options.ask is None and not options.ask_log:
        return
    from policylint.pipeline.judging.dryruns import refuse_unnamed

    refuse_unnamed(options)


def _answers(options: Options, upgrade: Upgrade, cluster: Cluster) -> Answers | None:
    """What the cluster answers, where one is asked."""
    if options.ask is None:
        return None
    from policylint.pipeline.judging.dryruns import answers, log

    from_cluster = answers(options, upgrade, cluster)
    log(options.ask_log, upgrade, from_cluster)
    return from_cluster
