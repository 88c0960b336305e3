"""`policylint history`: judge the state of releases, from files or, read-only, from the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import convert
from msgspec.structs import replace

from policylint.engine.judging import Judging, judge, judging
from policylint.errors import PolicylintError, RuleFailure, UsageError
from policylint.helm.history.claims import Releases
from policylint.helm.history.read import read
from policylint.helm.history.report import summary, table, to_json
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.revisions import History
from policylint.kubernetes.api.schemas import NEWEST
from policylint.model import Target, Verdict, combine
from policylint.pipeline.configuration.settings import Settings, load_config, resolve
from policylint.pipeline.waiving import settle_history, settle_run, waiving_of_files
from policylint.report.model import HistorySummary, ReleaseReport, Report
from policylint.runtime.patterns import pattern

NOTHING = Options()
_RELEASE = pattern(r"(?:release:)?(?P<namespace>[a-z0-9][-a-z0-9]*)/(?P<name>[a-z0-9][-a-z0-9.]*)")


def examine(sources: Sequence[str], options: Options = NOTHING) -> Report:
    """Judge every release that the sources hold: files, `-`, or NAMESPACE/NAME asked through helm.

    Of the options count those that say how to judge, and the helm to ask. What cannot be read is in
    the report, and its verdict is unknown.
    """
    if not sources:
        raise UsageError(
            "no release is named",
            remedy="policylint history FILE, or policylint history NAMESPACE/NAME",
        )
    config = load_config(options)
    settings = resolve(options, config)
    try:
        histories = [history for source in sources for history in _load(source, options.helm)]
    except UsageError:
        raise
    except PolicylintError as error:
        return Report(Verdict.UNKNOWN, failures=(RuleFailure("load", str(error), error.remedy),))
    target = _target(settings)
    by = judging(settings.criteria, frozenset({History, Releases}))
    overviews = _overviews(histories)
    alone = replace(by, failures=())  # rules that would not load are told once
    releases = tuple(
        _judged(history, alone, target, overview)
        for history, overview in zip(histories, overviews, strict=True)
    )
    across = judge(by, [Releases(tuple(histories))], target)
    waiving = waiving_of_files(config, options.config, active=not options.no_waivers)
    fail_on = settings.criteria.fail_on
    releases = tuple(settle_history(release, waiving, fail_on) for release in releases)
    whole = Report(
        across.verdict, releases, across.findings, across.failures, rules=across.reported
    )
    whole = settle_run(whole, waiving, fail_on)
    return replace(
        whole, verdict=combine([*(release.verdict for release in releases), whole.verdict])
    )


def _target(settings: Settings) -> Target:
    """What the rules take for granted of the cluster."""
    return Target(settings.kubernetes or NEWEST)


def _overviews(histories: Sequence[History]) -> list[str]:
    """What is shown before each release: the revisions of a single one, else all of them before
    the first."""
    if len(histories) == 1:
        return [table(histories[0])]
    if histories:
        return [summary(histories), *[""] * (len(histories) - 1)]
    return []


def _load(source: str, helm: str) -> tuple[History, ...]:
    if source == "-":
        from policylint.helm.sources.manifests import from_stdin

        return read(from_stdin().text[0][1], "-", now=datetime.now(UTC))
    if Path(source).is_file():
        from policylint.helm.inputs.files import read_text

        return read(read_text(Path(source)), source, now=datetime.now(UTC))
    name = _RELEASE.fullmatch(source)
    if name is None:
        raise UsageError(
            f"{source} is neither a file nor NAMESPACE/NAME",
            remedy="export one: helm history NAME -o json > history.json",
        )
    from policylint.helm.engines.binary import find_helm
    from policylint.helm.sources.release import history

    return (history(name["name"], name["namespace"], find_helm(helm)),)


def _judged(history: History, by: Judging, target: Target, overview: str) -> ReleaseReport:
    judgement = judge(by, [history], target)
    return ReleaseReport(
        history.name,
        history.namespace,
        target,
        judgement.verdict,
        findings=judgement.findings,
        failures=judgement.failures,
        rules=judgement.reported,
        overview=overview,
        history=convert(to_json(history), HistorySummary),
    )
