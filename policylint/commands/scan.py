"""`policylint scan`: every way that a repository runs Helm, judged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.config import Config
from policylint.errors import RuleFailure, SourceError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources import ci
from policylint.kubernetes.api.schemas import NEWEST
from policylint.model import Apply, Category, Finding, Severity, Target, Verdict, combine
from policylint.pipeline.configuration.settings import (
    Settings,
    load_config,
    nearest_source,
    resolve,
)
from policylint.redaction.redactor import Redactor
from policylint.report.gate import GateChanges
from policylint.report.model import Configuration, Report, ScanSummary
from policylint.report.waivers import WaiverReview
from policylint.scan.repository.listing import Listing, listed, settings

if TYPE_CHECKING:  # loaded while git looks through the files
    from policylint.engine.rule import Rule
    from policylint.pipeline.configuration.gate import Gate
    from policylint.scan.invocations.model import Invocation
    from policylint.scan.repository.walk import Scan


class Survey(Struct, frozen=True):
    """What a scan is asked to do; empty values mean the defaults that the command line
    documents."""

    paths: tuple[str, ...] = ()
    environment: str = ""
    helm_version: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    level: Category | None = None
    fail_on: Severity | None = None
    config: str = ""
    config_from: str = ""
    """git:REV: the revision whose configuration judges."""
    all_findings: bool = False
    """Whether what stands in documentation, test fixtures and vendored files is judged too."""
    no_waivers: bool = False
    """Every finding counts, waived or not."""
    no_baseline: bool = False
    """No finding is known."""


class Judge(Struct, frozen=True):
    """The configuration that judges a scan, and what a pull request does to it."""

    config: Config
    source: Configuration | None = None
    gate: Gate | None = None
    """None where the work tree's configuration judges."""

    @property
    def changes(self) -> GateChanges:
        """What a pull request does to the configuration."""
        if self.gate:
            return self.gate.changes
        return GateChanges()


def survey(asked: Survey) -> Report:
    """Judge every invocation below the paths. Raises `UsageError` for wrong options only.

    A file that cannot be read is a failure of the report; no invocation at all is a pass that says
    so.
    """
    with Workspace() as workspace:  # the base's packs are judged by from copies
        try:
            judge = _judge(asked, workspace)
        except SourceError as error:
            failure = RuleFailure("load", str(error), error.remedy)
            return Report(Verdict.UNKNOWN, failures=(failure,))
        return _surveyed(asked, judge)


def _surveyed(asked: Survey, judge: Judge) -> Report:
    """What a judge says of what runs Helm below the paths."""
    listings = listed(absolute(asked), judge.config.scan_ignore)
    from policylint.engine.registry import all_rules

    all_rules(_subject_types())
    from policylint.pipeline.causes import by_cause

    judging = by_cause(judged(asked, _searched(listings), judge))
    # by the fingerprints of what stands for several; what is known is told apart already
    return _settled(judging, replace(asked, no_baseline=True), judge)[0]


def _judge(asked: Survey, workspace: Workspace) -> Judge:
    """What judges a scan: in a pull request the configuration of its base. Raises SourceError."""
    config = configuration(asked)
    if not (asked.config or asked.config_from or ci.is_pull_request()):
        return Judge(config, nearest_source(config))
    from policylint.pipeline.configuration.gate import judge_of

    gate = judge_of(_named(asked), config, workspace)
    return Judge(gate.config, gate.source, gate)


def searched(asked: Survey) -> Scan:
    """The invocations below the paths, with the failures of reading."""
    return _searched(listed(absolute(asked), configuration(asked).scan_ignore))


def _searched(listings: Sequence[Listing]) -> Scan:
    from policylint.scan.repository.walk import scanned

    return scanned(listings, Path.cwd())


def absolute(asked: Survey) -> list[Path]:
    """The paths asked for, in full; links stay as they are named."""
    return [Path(os.path.abspath(path)) for path in asked.paths or (".",)]  # noqa: PTH100  resolve() follows links


def judged(asked: Survey, scan: Scan, judge: Judge | None = None) -> Report:
    """What the rules say of the invocations of a scan; by the work tree's configuration where no
    other judge is given."""
    from policylint.engine.judging import judge as by_rules
    from policylint.engine.judging import judging
    from policylint.scan.invocations.secrets import secrets

    judge = judge or Judge(configuration(asked))
    resolved = _settings(asked, judge.config)
    by = judging(resolved.criteria, _subject_types())
    redactor = Redactor(tuple(secrets(scan.invocations)))
    live = [run for run in scan.invocations if asked.all_findings or not _aside(run.file, asked)]
    judgement = by_rules(
        by,
        (*_subjects(asked, live, judge.config, by.active), judge.changes),
        _target(resolved),
        failures=scan.failures,
        redactor=redactor,
        weight=_weight,
    )
    report = Report(
        judgement.verdict,
        findings=judgement.findings,
        failures=judgement.failures,
        rules=judgement.reported,
        scan=ScanSummary(
            scan.files_read,
            _Rows(scan.invocations, redactor),
            len(scan.invocations) - len(live),
            scan.left_out,
        ),
        configuration=judge.source,
    )
    report, told = _settled(report, asked, judge)
    if told == WaiverReview():
        return report
    more = by_rules(by, (told,), _target(resolved))
    return replace(
        report,
        verdict=combine((report.verdict, more.verdict)),
        findings=(*report.findings, *more.findings),
        rules=(*report.rules, *more.reported),
    )


def _settled(report: Report, asked: Survey, judge: Judge) -> tuple[Report, WaiverReview]:
    """The report with its waived findings apart, and what there is to say of waivers."""
    from policylint.engine.waivers import Scope
    from policylint.pipeline.configuration.gate import Gate
    from policylint.pipeline.waiving import review, settle, settle_run, waiving_of

    waiving = waiving_of(
        judge.gate or Gate(judge.config),
        active=not asked.no_waivers,
        baseline=not asked.no_baseline,
    )
    done = settle(report.findings, Scope(), waiving)
    # what names no rule may be about a release: a check tells whether it is needed
    named = tuple(waiver for waiver in waiving.waivers if waiver.rule)
    told = review([done], replace(waiving, waivers=named), _rules_judged(asked))
    return settle_run(report, waiving, _settings(asked, judge.config).criteria.fail_on), told


def _rules_judged(asked: Survey) -> frozenset[str] | None:
    """The rules that had their say on the whole repository; None where the scan looked at a part,
    or is of a pull request."""
    narrow = (asked.paths not in ((), (".",)), asked.select, asked.ignore, asked.level)
    if any(narrow) or ci.is_pull_request():
        return None
    from policylint.engine.registry import shipped

    return frozenset(rule.id for rule in shipped(_subject_types()) if _is_of_scan(rule))


def _is_of_scan(rule: Rule) -> bool:
    """Whether a rule judges nothing but how Helm is run."""
    return _subject_types() - {GateChanges, WaiverReview} >= set(rule.subjects)


def _subjects(
    asked: Survey, live: Sequence[Invocation], config: Config, rules: Iterable[Rule]
) -> Iterator[object]:
    """The invocations, those of each file together, and the removals where a rule asks for them:
    they take a search."""
    from policylint.scan.repository.routes import Removal, removals
    from policylint.scan.repository.together import in_repository

    yield from (*live, *in_repository(live))
    if any(Removal in rule.subjects for rule in rules):
        yield from removals(live, absolute(asked), Path.cwd(), skip=config.scan_ignore)


def _subject_types() -> frozenset[type]:
    """What rules on a scan judge."""
    from policylint.scan.invocations.model import Invocation
    from policylint.scan.repository.routes import Removal
    from policylint.scan.repository.together import Together

    return frozenset({GateChanges, Invocation, Removal, Together, WaiverReview})


class _Rows(Sequence[Any]):
    """The invocations as JSON values, secrets masked; made one by one, as only some formats write
    them."""

    def __init__(self, invocations: Sequence[Invocation], redactor: Redactor) -> None:
        self._invocations = invocations
        self._redactor = redactor

    def __getitem__(self, at: Any) -> Any:
        from policylint.scan.invocations.secrets import masked

        row = masked(self._invocations[at]).to_json()
        if self._redactor.secrets:
            return self._redactor.value(row)
        return row

    def __len__(self) -> int:
        return len(self._invocations)


def configuration(asked: Survey) -> Config:
    """The configuration that is named, or the nearest one above the current directory."""
    return load_config(_named(asked))


def _named(asked: Survey) -> Options:
    """The options that say which configuration judges."""
    return Options(config=asked.config, config_from=asked.config_from)


def _settings(asked: Survey, config: Config) -> Settings:
    options = Options(
        environment=asked.environment,
        helm_version=asked.helm_version,
        select=asked.select,
        ignore=asked.ignore,
        level=asked.level,
        fail_on=asked.fail_on,
    )
    return resolve(options, config)


def _target(settings: Settings) -> Target:
    """What the rules take for granted; the Helm line is "" where neither the user nor the
    configuration names one."""
    line = settings.line
    if line == "3":
        apply = Apply.CLIENT_SIDE
    else:
        apply = Apply.SERVER_SIDE
    return Target(NEWEST, helm=line, apply=apply, environment=settings.options.environment)


def _weight(finding: Finding) -> Severity:
    """What documentation tells people to type is no deploy: a note."""
    if finding.locations and _for_people(finding.locations[0].file):
        return Severity.NOTE
    return finding.severity


def _for_people(file: str) -> bool:
    """Whether a file is documentation, or what one is rendered from (README.md.gotmpl)."""
    name, documents = file.lower(), tuple(settings()["aside"]["endings"])
    return name.endswith(documents) or name.rpartition(".")[0].endswith(documents)


def _aside(file: str, asked: Survey) -> bool:
    """Whether a file is documentation, a test fixture or vendored, and nobody named it."""
    path = Path(os.path.abspath(file))  # noqa: PTH100  as the paths asked for
    named = max((len(at.parts) for at in absolute(asked) if path.is_relative_to(at)), default=0)
    below = path.parts[named:-1]
    if named == len(path.parts):
        return False
    return _for_people(file) or not set(below).isdisjoint(settings()["aside"]["folders"])
