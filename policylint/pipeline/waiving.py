"""Waivers and the baseline applied to what was found: the last step before a report is shown.

Nothing here changes a forecast, and nothing makes a pass of what is unknown. In a pull request the
base's waivers judge: what the change itself adds, in the configuration or beside the finding, holds
from the next change on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.config import Config
from policylint.engine import waivers as reading
from policylint.engine.criteria import Policy
from policylint.engine.judging import settled
from policylint.engine.waivers import Scope
from policylint.errors import PolicylintError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources import ci
from policylint.model import Finding, Manifest, Resource, ResourceId, Severity, Upgrade
from policylint.pipeline.beside import Earlier, Files
from policylint.pipeline.configuration.gate import Gate, gate_of
from policylint.report.baseline import Baseline
from policylint.report.model import ReleaseReport, Report
from policylint.report.waivers import Flawed, Waiver, WaiverReview

if TYPE_CHECKING:
    from policylint.kubernetes.manifests.reader import Text
    from policylint.pipeline.assessed import Assessed, Beside
    from policylint.pipeline.judging.judge import Case
    from policylint.pipeline.plan import Plan


class Waiving(Struct, frozen=True, eq=False):
    """What may be waived in this run, and where to look for what stands beside findings."""

    waivers: tuple[Waiver, ...] = ()
    policy: Policy = Policy()
    today: date = date.min
    files: Files = field(default_factory=Files)
    earlier: Earlier | None = None
    """The files as the base has them, in a pull request: what it adds does not count."""
    active: bool = True
    """False for `--no-waivers`."""
    baseline: Baseline = Baseline()


class Settled(Struct, frozen=True):
    """Findings with their waivers, and the waivers that stood beside them."""

    findings: tuple[Finding, ...]
    scope: Scope = Scope()
    inline: tuple[Waiver, ...] = ()
    flawed: tuple[Flawed, ...] = ()
    added: tuple[Waiver, ...] = ()
    """Those that a pull request adds beside findings: they do not count in it."""


def waiving_of(gate: Gate, *, active: bool, baseline: bool = True) -> Waiving:
    """What may be waived, and what is known, in a run that this gate judges."""
    return Waiving(
        gate.config.waivers,
        gate.config.waiver_policy,
        datetime.now(UTC).date(),
        earlier=Earlier.of(gate),
        active=active,
        baseline=gate.config.baseline if baseline else Baseline(),
    )


def waiving_of_files(config: Config, named: str, *, active: bool, baseline: bool = True) -> Waiving:
    """What may be waived of a run that judges files alone: a scan, a history.

    In a pull request whose base cannot be told nothing is waived. `named` is what `--config`
    names.
    """
    gate = Gate(config)
    if ci.is_pull_request() and not named:
        try:
            with Workspace() as workspace:
                gate = gate_of(Options(), config, workspace)
        except PolicylintError:
            return Waiving(today=datetime.now(UTC).date(), earlier=Earlier(), active=active)
    return waiving_of(gate, active=active, baseline=baseline)


def settle_history(report: ReleaseReport, waiving: Waiving, fail_on: Severity) -> ReleaseReport:
    """The report of a release's history with its waived findings apart."""
    scope = Scope(report.name, report.namespace)
    findings, apart = parted(settle(report.findings, scope, waiving).findings)
    if not apart:
        return report
    verdict = settled(report.verdict, findings, fail_on)
    return replace(report, findings=findings, settled=apart, verdict=verdict)


def settle_release(
    assessed: Assessed, plan: Plan, waiving: Waiving
) -> tuple[ReleaseReport, Settled]:
    """The report of a release with its waived findings apart."""
    report = assessed.report
    scope = Scope(report.name, report.namespace, plan.options.environment)
    beside, added = _beside(waiving, assessed.beside)
    done = settle((*report.findings, *report.standing), scope, waiving, beside)
    named = _of_values(plan, waiving)
    done = replace(
        done,
        inline=tuple(dict.fromkeys((*done.inline, *named))),
        added=(*done.added, *added),
    )
    count = len(report.findings)
    findings, apart = parted(done.findings[:count])
    standing, standing_apart = parted(done.findings[count:])
    done = replace(done, findings=_meant(done, waiving))  # those of a fleet are too many
    report = replace(report, standing=standing, settled=(*apart, *standing_apart))
    if not apart:
        return report, done
    verdict = settled(report.verdict, findings, plan.settings.criteria.fail_on)
    return replace(report, findings=findings, verdict=verdict), done


def _meant(done: Settled, waiving: Waiving) -> tuple[Finding, ...]:
    """The findings that a waiver means, whether it still holds or not."""
    return tuple(finding for finding in done.findings if _is_meant(finding, done.scope, waiving))


def _is_meant(finding: Finding, scope: Scope, waiving: Waiving) -> bool:
    if finding.waived is not None:
        return True
    return any(reading.matches(waiver, finding, scope) for waiver in waiving.waivers)


def settle_run(report: Report, waiving: Waiving, fail_on: Severity) -> Report:
    """The report with the waived ones of its own findings apart: those of no release."""
    findings, apart = parted(settle(report.findings, Scope(), waiving).findings)
    if not apart:
        return report
    verdict = settled(report.verdict, findings, fail_on)
    return replace(report, findings=findings, settled=(*report.settled, *apart), verdict=verdict)


def settle(
    findings: Iterable[Finding],
    scope: Scope,
    waiving: Waiving,
    beside: dict[ResourceId, tuple[Waiver, ...]] | None = None,
) -> Settled:
    """The findings with what waives them; `beside` are waivers in rendered objects."""
    findings = tuple(findings)
    if not waiving.active:
        return Settled(_known(findings, scope, waiving), scope)
    beside = beside or {}
    done: list[Finding] = []
    flawed: list[Flawed] = []
    added: list[Waiver] = []
    inline = [waiver for own in beside.values() for waiver in own]
    for finding in findings:
        in_files, new = _in_files(finding, waiving)
        own = (*in_files, *_of_object(finding, beside))
        whole, lacking = reading.sound(own, waiving.policy)
        done.append(reading.waived(finding, (*waiving.waivers, *whole), scope, waiving.today))
        inline += own
        flawed += lacking
        added += new
    told = _known(done, scope, waiving)
    return Settled(told, scope, tuple(dict.fromkeys(inline)), tuple(flawed), tuple(added))


def _known(findings: Iterable[Finding], scope: Scope, waiving: Waiving) -> tuple[Finding, ...]:
    """The findings, those that the baseline holds as known: as many of each as it counts."""
    budget = waiving.baseline.budget(scope.key)
    told = []
    for finding in findings:
        is_known = finding.waived is None and budget[finding.fingerprint] > 0
        if is_known:
            budget[finding.fingerprint] -= 1
        told.append(replace(finding, known=True) if is_known else finding)
    return tuple(told)


def parted(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """(those that count, those that are waived or known)."""
    findings = tuple(findings)
    apart = tuple(finding for finding in findings if not finding.counts)
    return tuple(finding for finding in findings if finding.counts), apart


def _of_object(
    finding: Finding, beside: dict[ResourceId, tuple[Waiver, ...]]
) -> tuple[Waiver, ...]:
    if finding.resource:
        return beside.get(finding.resource, ())
    return ()


def _in_files(finding: Finding, waiving: Waiving) -> tuple[list[Waiver], list[Waiver]]:
    """The waivers in comments at the places of a finding, in the user's own files: (those that
    count, those that a pull request adds)."""
    counting: list[Waiver] = []
    added: list[Waiver] = []
    for place in finding.locations:
        if not place.line or place.role == "rendered":
            continue
        by_key = place.role == "cause"
        for waiver in waiving.files.at(place.file, place.line):
            earlier, lines = waiving.earlier, waiving.files.lines(place.file)
            counts = earlier is None or earlier.has(waiver, lines, place.line, by_key=by_key)
            (counting if counts else added).append(waiver)
    return counting, added


def beside(case: Case, upgrade: Upgrade) -> Beside:
    """The waivers of each rendered object: in comments of its document, and in its annotation."""
    from policylint.pipeline.assessed import Beside  # a scan and a history have no plan

    before = _of_side(upgrade.before, case.before)
    after = _of_side(upgrade.after, case.after)
    return Beside(tuple(before.items()), tuple(after.items()))


def _beside(
    waiving: Waiving, beside: Beside
) -> tuple[dict[ResourceId, tuple[Waiver, ...]], list[Waiver]]:
    """The waivers of objects: (those that count, in a pull request those that the before side has
    too; those that it adds)."""
    before, after = dict(beside.before), dict(beside.after)
    if waiving.earlier is None:
        return {**before, **after}, []
    kept = {}
    added: list[Waiver] = []
    for identity, own in after.items():
        then = {waiver.says for waiver in before.get(identity, ())}
        kept[identity] = tuple(waiver for waiver in own if waiver.says in then)
        added += (waiver for waiver in own if waiver.says not in then)
    return {**before, **kept}, added


def _of_side(manifest: Manifest, texts: Sequence[Text]) -> dict[ResourceId, tuple[Waiver, ...]]:
    documents = _documents(texts)
    every = (*manifest.resources.values(), *manifest.hooks.values(), *manifest.skipped)
    return {
        resource.id: own for resource in every if (own := tuple(_of_resource(resource, documents)))
    }


def _documents(texts: Sequence[Text]) -> dict[tuple[str, int], str]:
    """The documents of a side that hold a waiver, by file and line; most sides have none."""
    documents = {}
    for text in texts:
        if "policylint" in text.text:
            for document in text.documents():
                documents[document.source or document.file, document.line] = document.text
    return documents


def _of_resource(resource: Resource, documents: dict[tuple[str, int], str]) -> Iterator[Waiver]:
    origin = resource.origin
    text = documents.get((origin.file, origin.line), "")
    lines = enumerate(text.splitlines(), origin.line)
    for _, waiver in reading.commented(lines, origin.file):
        yield waiver
    if "policylint" in text and reading.ANNOTATION in resource.annotations:
        value = resource.annotations[reading.ANNOTATION]
        yield from reading.annotated(value, origin.file, origin.line)


def _of_values(plan: Plan, waiving: Waiving) -> Iterator[Waiver]:
    """Every waiver of the values files of a release, so that those nobody needs are told."""
    side = plan.named_after
    if waiving.active and isinstance(side, ChartSide):
        for file in side.values.files:
            yield from waiving.files.every(file)


def review(
    done: Sequence[Settled], waiving: Waiving, judged_rules: frozenset[str] | None
) -> WaiverReview:
    """What there is to say of the waivers of a run.

    `judged_rules` are the rules that had their say on everything they could, None where the run
    was too narrow to tell what is unused.
    """
    if not waiving.active:
        return WaiverReview()
    inline = _of_each(done, "inline")
    every = dict.fromkeys((*waiving.waivers, *inline))
    expired = [waiver for waiver in every if _is_over(waiver, waiving)]
    whole, _ = reading.sound(tuple(every), waiving.policy)
    holding = [waiver for waiver in whole if waiver not in expired]
    return WaiverReview(
        tuple(expired),
        tuple(_unused(holding, done, judged_rules)),
        tuple(waiver for waiver in waiving.waivers if waiver.is_broad),
        _of_each(done, "flawed"),
        _of_each(done, "added"),
    )


def _of_each(done: Iterable[Settled], name: str) -> tuple[Any, ...]:
    """What the releases have of one kind, each once."""
    every = itertools.chain.from_iterable(getattr(outcome, name) for outcome in done)
    return tuple(dict.fromkeys(every))


def _unused(
    waivers: Iterable[Waiver], done: Sequence[Settled], judged_rules: frozenset[str] | None
) -> Iterator[Waiver]:
    if judged_rules is None:
        return
    for waiver in waivers:
        if _could_be_used(waiver, judged_rules) and not _is_used(waiver, done):
            yield waiver


def _is_over(waiver: Waiver, waiving: Waiving) -> bool:
    return not reading.lacks(waiver, waiving.policy) and reading.is_expired(waiver, waiving.today)


def _could_be_used(waiver: Waiver, rules: frozenset[str]) -> bool:
    """Whether this run would have shown a finding that the waiver means."""
    return not waiver.rule or "*" in waiver.rule or waiver.rule in rules


def _is_used(waiver: Waiver, done: Sequence[Settled]) -> bool:
    means = _stands_beside if waiver.inline else reading.matches
    return any(
        means(waiver, finding, outcome.scope) for outcome in done for finding in outcome.findings
    )


def _stands_beside(waiver: Waiver, finding: Finding, _scope: Scope) -> bool:
    """Whether a finding is waived by a waiver in a comment or annotation."""
    if finding.waived is None:
        return False
    place = finding.waived.where
    return (finding.rule, place.file, place.line) == (waiver.rule, waiver.file, waiver.line)


def rules_of_checks() -> frozenset[str]:
    """The rules that a check judges by: all but those on how Helm is run, which scan judges."""
    from policylint.engine.registry import ids, shipped
    from policylint.scan.invocations.model import Invocation
    from policylint.scan.repository.routes import Removal
    from policylint.scan.repository.together import Together

    of_scan = shipped(frozenset({Invocation, Removal, Together}))
    return ids() - {rule.id for rule in of_scan}


def strictest(levels: Iterable[Severity]) -> Severity:
    """The lowest severity that fails."""
    return min(levels, key=lambda level: level.rank, default=Severity.ERROR)
