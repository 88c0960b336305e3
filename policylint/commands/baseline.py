"""`policylint baseline` and `policylint approve`: what was there before, and what may stand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from msgspec import Struct, to_builtins

from policylint import config as configuration
from policylint.commands.check import check
from policylint.commands.scan import Survey, judged, searched
from policylint.config import BASELINE, WAIVERS, Config
from policylint.engine.waivers import RULES, Scope, is_expired, lacks
from policylint.errors import PolicylintError, UsageError
from policylint.helm.inputs.options import Options
from policylint.model import Finding, Verdict, combine
from policylint.pipeline.configuration import configfile
from policylint.pipeline.configuration.configfile import with_waivers
from policylint.pipeline.configuration.settings import load_config
from policylint.report.baseline import SCHEMA, Baseline, Entry
from policylint.report.model import ReleaseReport, Report
from policylint.report.waivers import Waiver
from policylint.runtime.patterns import pattern

NEVER_KNOWN = RULES | {"gate-changed"}
"""Rules whose findings no baseline holds: they are about the gate itself."""
_ITEM = pattern(r"(?m)^([ \t]*)-[ \t]")
_FINGERPRINT = pattern(r"[0-9a-f]{16}")


class Surveyed(Struct, frozen=True):
    """Both runs over a repository: its releases, and how it runs Helm."""

    reports: tuple[Report, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of both."""
        return combine(report.verdict for report in self.reports)

    @property
    def is_whole(self) -> bool:
        """Whether everything was judged, and every release renders."""
        releases = [release for report in self.reports for release in report.releases]
        is_rendered = all(release.evidence is not None for release in releases)
        return is_rendered and self.verdict is not Verdict.UNKNOWN


def everything(named: str, environment: str, limit: float, *, baseline: bool) -> Surveyed:
    """Judge every declared release, within `limit` seconds (0 for any), and every invocation;
    `baseline` says whether what is known is told apart.

    A repository without releases has its invocations alone.
    """
    survey = Survey(environment=environment, config=named, no_baseline=not baseline)
    reports = [judged(survey, searched(survey))]
    options = Options(
        config=named,
        environment=environment,
        everything=True,
        no_baseline=not baseline,
        all_findings=True,
        time_limit=limit,
    )
    try:
        reports.insert(0, check(options))
    except UsageError as error:
        if not error.message.startswith("nothing to check"):
            raise
    return Surveyed(tuple(reports))


def baseline_of(reports: Iterable[Report]) -> Baseline:
    """All findings of some reports that nobody waived."""
    return Baseline.of(entry for report in reports for entry in _entries(report))


def _entries(report: Report) -> Iterator[Entry]:
    for release in report.releases:
        key = _key(release)
        for finding in (*release.findings, *release.settled):
            yield from _entry(key, finding)
    for finding in (*report.findings, *report.settled):
        yield from _entry("", finding)


def _entry(release: str, finding: Finding) -> Iterator[Entry]:
    if finding.waived is None and finding.rule not in NEVER_KNOWN:
        yield Entry(release, finding.rule, str(finding.resource or ""), finding.fingerprint)


def elsewhere(baseline: Baseline, reports: Iterable[Report]) -> Baseline:
    """What a baseline holds of releases that some reports are not about."""
    judged = {""} | {_key(release) for report in reports for release in report.releases}
    return Baseline.of(entry for entry in baseline.entries if entry.release not in judged)


def _key(release: ReleaseReport) -> str:
    return Scope(release.name, release.namespace, release.target.environment).key


def place_of(named: str, name: str) -> Path:
    """Where a file beside the configuration is, or would be: beside `.policylint.yaml`, else
    here."""
    path = Path(named) if named else configuration.find(Path.cwd())
    folder = path.parent if path else Path.cwd()
    return folder / name


def as_text(baseline: Baseline) -> str:
    """A baseline as its file has it: an entry a line, so that a change of it reads well."""
    rows = [json.dumps(to_builtins(entry), ensure_ascii=False) for entry in baseline.entries]
    body = ",\n    ".join(rows)
    inner = f"\n    {body}\n  " if rows else ""
    return f'{{\n  "schema": "{SCHEMA}",\n  "findings": [{inner}]\n}}\n'


def known(named: str) -> Baseline:
    """The baseline that is here."""
    path = place_of(named, BASELINE)
    if not path.exists():
        raise UsageError(
            "there is no baseline here", file=str(path), remedy="policylint baseline write"
        )
    return configfile.read_baseline(path.read_text("utf-8"), str(path))


def approve(waiver: Waiver, named: str, report: str) -> Path:
    """Add one waiver by fingerprint to the file of waivers; with a JSON report, of a finding that
    it holds.

    Raises `UsageError` where the fingerprint is none, is approved already, or is not of the report,
    and where the configuration demands more of waivers.
    """
    if not _FINGERPRINT.fullmatch(waiver.fingerprint):
        raise UsageError(
            f"no fingerprint: {waiver.fingerprint!r}",
            remedy="16 hex digits, as `id` in the text report and `fingerprint` in the JSON",
        )
    config = load_config(Options(config=named))
    _refuse_second(waiver, config)
    _refuse_lacking(waiver, config)
    if report:
        rule = _rule_of(waiver.fingerprint, report)
    else:
        rule = ""
    path = place_of(named, WAIVERS)
    text = path.read_text("utf-8") if path.exists() else ""
    changed = _with_entry(text, _entry_of(waiver, rule))
    _refuse_otherwise(config, text, changed, path)
    path.parent.mkdir(exist_ok=True)
    path.write_text(changed, "utf-8")
    return path


def _refuse_second(waiver: Waiver, config: Config) -> None:
    for earlier in config.waivers:
        if earlier.fingerprint != waiver.fingerprint:
            continue
        if is_expired(earlier, date.today()):
            raise UsageError(
                f"its waiver ran out on {earlier.until}",
                file=earlier.file,
                line=earlier.line,
                remedy="give it a later day there, or take it out and approve again",
            )
        raise UsageError("it is approved already", remedy="policylint check --show-waived")


def _refuse_lacking(waiver: Waiver, config: Config) -> None:
    missing = lacks(waiver, config.waiver_policy)
    if missing:
        options = [f"--{name}" for name in ("reason", "until", "owner") if name in missing]
        raise UsageError(f"a waiver without {missing}", remedy=f"add it: {' '.join(options)} ...")
    if is_expired(waiver, date.today()):
        raise UsageError(
            f"{waiver.until} is over: the waiver would waive nothing",
            remedy="--until the last day on which it holds",
        )


def _rule_of(fingerprint: str, file: str) -> str:
    """The rule of the finding that has a fingerprint in a JSON report."""
    try:
        report = json.loads(Path(file).read_text("utf-8"))
        rows = [
            *report["findings"],
            *(row for release in report["releases"] for row in release["findings"]),
        ]
        return next(str(row["rule"]) for row in rows if row["fingerprint"] == fingerprint)
    except StopIteration:
        raise UsageError("no finding of the report has this id", file=file) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"this is no report: {error}", file=file, remedy="policylint check --format json=FILE"
        ) from None


def _entry_of(waiver: Waiver, rule: str) -> str:
    words = {
        "fingerprint": waiver.fingerprint,
        "rule": rule,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "until": waiver.until,
    }
    pairs = (
        f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in words.items() if value
    )
    return f"- {{{', '.join(pairs)}}}\n"


def _with_entry(text: str, entry: str) -> str:
    """The file of waivers with one more, indented as those it has."""
    if not text.strip():
        return entry
    item = _ITEM.search(text)
    end = "" if text.endswith("\n") else "\n"
    return f"{text}{end}{item[1] if item else ''}{entry}"


def _refuse_otherwise(config: Config, text: str, changed: str, path: Path) -> None:
    """Raise `UsageError` where the changed file does not hold exactly one waiver more."""
    shown = str(path)
    try:
        if text.strip():
            before = len(with_waivers(config, text, shown).waivers)
        else:
            before = len(config.waivers)
        after = len(with_waivers(config, changed, shown).waivers)
    except PolicylintError:
        after = before = 0
    if after != before + 1:
        raise UsageError(
            "the waiver cannot be added to this file",
            file=shown,
            remedy="make it a list: a waiver for each `- ` at the end of the file",
        )
