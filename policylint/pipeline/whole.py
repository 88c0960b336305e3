"""What a run comes to: its releases, what they show together, and what there was no time for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from policylint.config import Config
from policylint.errors import PolicylintError, RuleFailure, UsageError
from policylint.helm.inputs.options import Options
from policylint.model import Verdict, combine
from policylint.pipeline.assessed import REPORTS, Assessed, over_time
from policylint.pipeline.load import Loaded
from policylint.pipeline.plan import Plan
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
from policylint.runtime.packed import gathered

Done = tuple[Sequence[ReleaseReport], Sequence[Settled]]
"""The releases' reports, and what the waivers of each came to."""

_GRACE = 10.0
"""Seconds for what releases show together, where the time of the run is over before."""


def whole(loaded: Loaded, rows: Sequence[Assessed], options: Options, deadline: Deadline) -> Report:
    """The report of a run whose releases are judged; the files of their sides must still be
    there."""
    waiving = _waiving(loaded, options)
    done = _settled(loaded.plans, rows, waiving)
    try:
        with deadline.share(is_last=True, least=_GRACE):
            return _together(loaded, done, options, waiving)
    except TimeIsUp:
        return _apart(loaded, done, options)


def of_shard(
    loaded: Loaded, places: Sequence[int], rows: Sequence[Assessed], options: Options
) -> Report:
    """The report of the releases at some places, with all that merging it takes; what releases
    show together is told then. Raises `SourceError` where it cannot be written down."""
    from policylint.pipeline.many.shards import shard_report

    plans = [loaded.plans[place] for place in places]
    done = _settled(plans, rows, _waiving(loaded, options))
    releases, _ = done
    verdicts = [release.verdict for release in releases]
    verdicts += [Verdict.UNKNOWN for _ in loaded.failures]
    return Report(
        combine(verdicts or [Verdict.PASS]),
        releases,
        failures=loaded.failures,
        configuration=loaded.gate.source,
        shard=shard_report(loaded, options, places, rows),
    )


def _waiving(loaded: Loaded, options: Options) -> Waiving:
    active, baseline = not options.no_waivers, not options.no_baseline
    return waiving_of(loaded.gate, active=active, baseline=baseline)


def _settled(plans: Sequence[Plan], rows: Sequence[Assessed], waiving: Waiving) -> Done:
    outcomes: list[Settled] = []
    releases = gathered(REPORTS, len(plans), _settling(plans, rows, waiving, outcomes))
    return releases, outcomes


def _settling(
    plans: Sequence[Plan], rows: Sequence[Assessed], waiving: Waiving, outcomes: list[Settled]
) -> Iterator[ReleaseReport]:
    """The report of each release; what its waivers came to is added to `outcomes`."""
    for row, plan in zip(rows, plans, strict=True):
        report, settled = settle_release(row, plan, waiving)
        outcomes.append(settled)
        yield report


def unloaded(error: PolicylintError | TimeIsUp, options: Options) -> Report:
    """The report of a run whose sides cannot be had; raises a `UsageError` again."""
    if isinstance(error, TimeIsUp):
        error = over_time("what is to be judged was not loaded", options.time_limit)
    if isinstance(error, UsageError):
        raise error
    failure = RuleFailure("load", str(error), error.remedy)
    return Report(Verdict.UNKNOWN, failures=(failure,))


def _together(loaded: Loaded, done: Done, options: Options, waiving: Waiving) -> Report:
    """The report of the whole run, with what several releases show together and what there is to
    say of waivers; the files of their sides must still be there."""
    gate = loaded.gate
    releases, settled = done
    of_waivers = review(settled, waiving, _rules_judged(loaded, options))
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


def _apart(loaded: Loaded, done: Done, options: Options) -> Report:
    """The report of a run whose time was over before the releases were looked at together."""
    error = over_time("what the releases show together was not judged", options.time_limit)
    failure = RuleFailure("time-limit", str(error), error.remedy)
    return Report(
        Verdict.UNKNOWN,
        done[0],
        failures=(*loaded.failures, failure),
        configuration=loaded.gate.source,
    )


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
