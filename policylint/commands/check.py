"""`policylint check`: the straight line, stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from policylint.config import Config
from policylint.errors import PolicylintError, RuleFailure, SourceError, UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.render.rendering import Rendering
from policylint.model import Verdict, combine
from policylint.pipeline.load import Loaded, plans
from policylint.pipeline.plan import Plan
from policylint.pipeline.settings import load_config
from policylint.pipeline.waiving import (
    Settled,
    Waiving,
    review,
    settle_release,
    settle_run,
    strictest,
    waiving_of,
)
from policylint.report.model import ReleaseReport, Report
from policylint.report.waivers import WaiverReview
from policylint.runtime.deadline import Deadline, TimeIsUp
from policylint.runtime.trace import timed

_GRACE = 10.0
"""Seconds for what releases show together, where the time of the run is over before."""
Done = tuple[ReleaseReport, Settled]
"""A release's report, and what its waivers came to."""
if TYPE_CHECKING:
    from policylint.kubernetes.forecast.cluster import Cluster
    from policylint.model import Upgrade
    from policylint.pipeline.blame.causes import Blame
    from policylint.pipeline.dryruns import Answers

Progress = Callable[[int, int, str], None]
"""(number, of how many, release): called before each release is judged."""


def check(options: Options, progress: Progress | None = None) -> Report:
    """Judge what the options name and return the report; raises `UsageError` for wrong options
    only.

    Everything else that goes wrong is in the report, and its verdict is unknown.
    """
    config = load_config(options)
    _refuse_unnamed(options)
    deadline = Deadline(options.time_limit)
    releases: list[Done] = []
    with Workspace() as workspace:
        try:
            with deadline.share(is_last=True):
                loaded = timed("load", plans, options, config, workspace)  # load
        except PolicylintError as error:
            return _unloaded(error)
        except TimeIsUp:
            return _unloaded(_over_time("what is to be judged was not loaded", options))
        waiving = waiving_of(
            loaded.gate, active=not options.no_waivers, baseline=not options.no_baseline
        )
        blame = cache(lambda: _blame(options, workspace))
        for plan in _announced(loaded.plans, progress):
            try:
                with deadline.share(is_last=plan is loaded.plans[-1]):
                    releases.append(_judged(plan, waiving, blame))
            except TimeIsUp:
                releases.append(_given_up(plan, options))
        try:
            with deadline.share(is_last=True, least=_GRACE):
                return _together(loaded, releases, options, waiving)
        except TimeIsUp:
            return _apart(loaded, releases, options)


def _judged(plan: Plan, waiving: Waiving, blame: Callable[[], Blame]) -> Done:
    """One release, from its plan to its report."""
    try:
        if plan.error is not None:
            raise plan.error
        with Rendering(plan) as rendering:
            # Helm renders meanwhile: only now load what the later stages need.
            from policylint.kubernetes.forecast import forecast
            from policylint.pipeline import case as cases
            from policylint.pipeline import judge, methods, outcome

            case = timed("render", cases.case_of, plan, rendering)  # render
        sides = timed("read", judge.read, case)  # read
        upgrade = timed("diff", judge.diff, case, sides)  # diff
        cluster = judge.cluster_of(case, sides)
        upgrade = timed("forecast", forecast, upgrade, cluster)  # forecast
        answers = timed("ask", _answers, plan.options, upgrade, cluster)  # ask
        asked = case if answers is None else answers.case(case)
        judging = cases.judging_of(plan, asked.subjects)
        judgement = timed(  # evaluate
            "evaluate", judge.evaluate, asked, upgrade, cluster, judging
        )
        report = judge.report(case, upgrade, cluster, judgement)  # report
        report = report if answers is None else answers.beside(report)
        report = judge.with_alternatives(report, case, judging)
        report = methods.with_other_method(report, case, upgrade, cluster, judging)
        if report.findings:
            with suppress(TimeIsUp):  # what is found is told, with its causes or without
                report = timed(
                    "blame", blame().add, report, plan, rendering, case, upgrade, judging
                )
        report = outcome.with_lines(report, case)
        report = outcome.with_values(report, plan, case.subjects)
        report = outcome.with_declaration(report, plan, upgrade)
        return settle_release(report, plan, waiving, case, upgrade)
    except PolicylintError as error:
        return settle_release(_unrendered(plan, error), plan, waiving)


def _refuse_unnamed(options: Options) -> None:
    """Raise `UsageError` where a cluster is to be asked, and none is named."""
    if options.ask is None and not options.ask_log:
        return
    from policylint.pipeline.dryruns import refuse_unnamed

    refuse_unnamed(options)


def _answers(options: Options, upgrade: Upgrade, cluster: Cluster) -> Answers | None:
    """What the cluster answers, where one is asked."""
    if options.ask is None:
        return None
    from policylint.pipeline.dryruns import answers, log

    given = answers(options, upgrade, cluster)
    log(options.ask_log, upgrade, given)
    return given


def _over_time(what: str, options: Options) -> SourceError:
    return SourceError(
        f"{what} within the time of the run ({options.time_limit:g} seconds)",
        remedy="--timeout DURATION gives it more; fewer releases at once: --changed",
    )


def _given_up(plan: Plan, options: Options) -> Done:
    """The report of a release that was not judged in time; nothing more is asked of it."""
    from policylint.kubernetes.api.schemas import NEWEST
    from policylint.model import Apply, Target

    name = f"{plan.namespace}/{plan.release}" if plan.release else plan.options.after
    error = _over_time(f"{name} was given up on: it was not judged", options)
    report = ReleaseReport(
        plan.release,
        plan.namespace,
        Target(NEWEST, plan.settings.line or "4", plan.settings.apply or Apply.SERVER_SIDE),
        Verdict.UNKNOWN,
        failures=(*plan.failures, RuleFailure("time-limit", str(error), error.remedy)),
        source=plan.source,
        change=plan.change,
        chart=plan.chart,
    )
    return report, Settled(())


def _apart(loaded: Loaded, done: Sequence[Done], options: Options) -> Report:
    """The report of a run whose time was over before the releases were looked at together."""
    error = _over_time("what the releases show together was not judged", options)
    failure = RuleFailure("time-limit", str(error), error.remedy)
    return Report(
        Verdict.UNKNOWN,
        tuple(report for report, _ in done),
        failures=(*loaded.failures, failure),
        configuration=loaded.gate.source,
    )


def _blame(options: Options, workspace: Workspace) -> Blame:
    """What names the causes of findings, loaded with the first of them."""
    from policylint.pipeline.blame.causes import Blame

    return Blame(options.blame, workspace)


def _announced(loaded: tuple[Plan, ...], progress: Progress | None) -> Iterator[Plan]:
    for number, plan in enumerate(loaded, 1):
        if progress is not None:
            progress(number, len(loaded), plan.release)
        yield plan


def _unloaded(error: PolicylintError) -> Report:
    """The report of a run whose sides cannot be had; raises a `UsageError` again."""
    if isinstance(error, UsageError):
        raise error
    failure = RuleFailure("load", str(error), error.remedy)
    return Report(Verdict.UNKNOWN, failures=(failure,))


def _unrendered(plan: Plan, error: PolicylintError) -> ReleaseReport:
    """The report of a release that one of the stages could not judge; raises a `UsageError`
    again."""
    if isinstance(error, UsageError):
        raise error
    from policylint.pipeline.outcome import unrendered

    return unrendered(plan, error)


def _together(loaded: Loaded, done: Sequence[Done], options: Options, waiving: Waiving) -> Report:
    """The report of the whole run, with what several releases show together and what there is to
    say of waivers; the files of their sides must still be there."""
    gate = loaded.gate
    releases = tuple(report for report, _ in done)
    of_waivers = review([own for _, own in done], waiving, _rules_judged(loaded, options))
    verdicts = [release.verdict for release in releases]
    verdicts += [Verdict.UNKNOWN for _ in loaded.failures]
    named_values = _named_values(options, gate.config)
    untouched = _untouched(loaded, options)
    if not _shows_more(loaded, named_values, of_waivers):
        verdict = combine(verdicts or [Verdict.PASS])
        return Report(
            verdict,
            releases,
            failures=loaded.failures,
            untouched=untouched,
            configuration=gate.source,
        )
    from policylint.pipeline.fleet import judge_together

    judgement = judge_together(loaded.plans, releases, named_values, gate, of_waivers)
    whole = Report(
        judgement.verdict,
        releases,
        judgement.findings,
        (*loaded.failures, *judgement.failures),
        untouched=untouched,
        rules=judgement.reported,
        configuration=gate.source,
    )
    fail_on = strictest(plan.settings.criteria.fail_on for plan in loaded.plans)
    whole = settle_run(whole, waiving, fail_on)
    return replace(whole, verdict=combine([*verdicts, whole.verdict]))


def _shows_more(loaded: Loaded, named_values: tuple[str, ...], of_waivers: WaiverReview) -> bool:
    """Whether the run as a whole shows what no release shows alone."""
    several = len(loaded.plans) > 1 or bool(named_values)
    return several or bool(loaded.gate.changes.changes) or of_waivers != WaiverReview()


def _rules_judged(loaded: Loaded, options: Options) -> frozenset[str] | None:
    """The rules that had their say on every release, so that an unused waiver of one is told; None
    where the run looked at a part, or is of a pull request, which changes little."""
    narrow = (
        *(options.after, options.rollback, options.command, options.environment),
        *(options.select, options.ignore, options.level, options.changed),
    )
    if (
        any(narrow)
        or loaded.gate.is_base
        or not (options.everything or loaded.gate.config.releases)
    ):
        return None
    from policylint.pipeline.waiving import rules_of_checks

    return rules_of_checks()


def _untouched(loaded: Loaded, options: Options) -> tuple[str, ...]:
    """The releases that a change leaves alone, where it leaves all of them."""
    if loaded.plans:
        return ()
    if loaded.untouched or not options.changed:
        return loaded.untouched
    configured = loaded.gate.config.releases
    return tuple(f"{release.namespace}/{release.name}" for release in configured)


def _named_values(options: Options, config: Config) -> tuple[str, ...]:
    """The values files of all configured releases, where the configuration as a whole is judged."""
    if options.after or options.rollback or options.command or options.changed:
        return ()
    return tuple(file for release in config.releases for file in release.values)
