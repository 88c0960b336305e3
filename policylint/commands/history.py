"""`policylint history`: judge the state of releases, from files or, read-only, from the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from policylint.engine.evaluate import evaluate, verdict
from policylint.engine.registry import all_rules
from policylint.engine.rule import Context, Rule
from policylint.errors import PolicylintError, RuleFailure, UsageError
from policylint.helm.history.claims import Releases
from policylint.helm.history.read import read
from policylint.helm.history.report import summary, table, to_json
from policylint.helm.inputs.revisions import History
from policylint.kubernetes.api.schemas import NEWEST
from policylint.model import Severity, Target, Verdict, combine
from policylint.redaction.redactor import Redactor
from policylint.report.model import ReleaseReport, Report
from policylint.runtime.patterns import pattern

_RELEASE = pattern(r"(?:release:)?(?P<namespace>[a-z0-9][-a-z0-9]*)/(?P<name>[a-z0-9][-a-z0-9.]*)")


def examine(
    sources: Sequence[str], helm: str = "", fail_on: Severity = Severity.ERROR, kubernetes: str = ""
) -> Report:
    """Judge every release that the sources hold: files, `-`, or NAMESPACE/NAME asked through helm.

    What cannot be read is in the report, and its verdict is unknown.
    """
    if not sources:
        raise UsageError(
            "no release is named",
            remedy="policylint history FILE, or policylint history NAMESPACE/NAME",
        )
    try:
        histories = [history for source in sources for history in _load(source, helm)]
    except UsageError:
        raise
    except PolicylintError as error:
        return Report(Verdict.UNKNOWN, failures=(RuleFailure("load", str(error), error.remedy),))
    rules, failures = all_rules()
    wanted = [rule for rule in rules if History in rule.subjects]
    target = Target(kubernetes or NEWEST)
    alone = len(histories) == 1
    releases = tuple(_judged(history, wanted, target, fail_on, alone) for history in histories)
    across = [rule for rule in rules if Releases in rule.subjects]
    together, broken = evaluate(across, [Releases(tuple(histories))], Context(target), Redactor())
    failures = (*failures, *broken)
    verdicts = [*(release.verdict for release in releases), verdict(together, failures, fail_on)]
    found = combine(verdicts)
    overview = "" if alone else summary(histories)
    if overview and releases:
        releases = (_with_overview(releases[0], overview), *releases[1:])
    return Report(found, releases, together, failures)


def _load(source: str, helm: str) -> tuple[History, ...]:
    if source == "-":
        from policylint.helm.sources.manifests import from_stdin

        return read(from_stdin().text[0][1], "-", now=datetime.now(UTC))
    if Path(source).is_file():
        from policylint.helm.inputs.files import read_text

        return read(read_text(Path(source)), source, now=datetime.now(UTC))
    found = _RELEASE.fullmatch(source)
    if found is None:
        raise UsageError(
            f"{source} is neither a file nor NAMESPACE/NAME",
            remedy="export one: helm history NAME -o json > history.json",
        )
    from policylint.helm.engines.binary import find_helm
    from policylint.helm.sources.release import history

    return (history(found["name"], found["namespace"], find_helm(helm)),)


def _judged(
    history: History, rules: Sequence[Rule], target: Target, fail_on: Severity, alone: bool
) -> ReleaseReport:
    findings, failures = evaluate(rules, [history], Context(target), Redactor())
    return ReleaseReport(
        history.name,
        history.namespace,
        target,
        verdict(findings, failures, fail_on),
        findings=findings,
        failures=failures,
        overview=table(history) if alone else "",
        extra=to_json(history),
    )


def _with_overview(release: ReleaseReport, overview: str) -> ReleaseReport:
    return replace(release, overview=overview)
