"""The twelve upgrades that every format is written for: what is refused, what is lost, what goes
well, what cannot be judged, hooks, ways back, hostile names."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.engine.judging import Judging
from policylint.engine.registry import select, shipped
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Target, Verdict, combine
from policylint.pipeline.judging.judge import Case, judge
from policylint.report.model import ReleaseReport, Report
from tests.cases import ROOT, RULES, RuleCase, judged

CASES = (
    "statefulset-immutable-field/fail-volume-size",
    "selector-changed/fail-version-in-selector",
    "job-template-changed/fail-image",
    "service-cluster-ip-changed/fail-no-longer-headless",
    "claim-shrunk/fail-shrunk",
    "hook-needs-later-object/fail-new-service-account",
    "kept-object-blocks-rollback/fail-helm-3",
    "removed-api/fail-moved-from-removed-version",
    "selector-changed/pass-template-label-added",
)
"""Cases of rules, judged by their own rule."""
OWN = ("hostile-names", "long-texts")
"""Those of `fixtures/upgrades/`."""


def upgrades() -> Iterator[tuple[str, Report]]:
    """(name, report) of each of the twelve."""
    for name in CASES:
        rule, _, _ = name.partition("/")
        release = judged(RuleCase(rule, RULES / name), judging(rule))
        yield name, reported(release)
    for name in OWN:
        yield name, reported(own(name))
    strict = RuleCase(
        "custom-resource-unknown", RULES / "custom-resource-unknown/fail-no-definition"
    )
    by = judging("custom-resource-unknown", strict=True)
    yield "unknown", reported(judged(strict, by), own("hostile-names"))


def judging(*rules: str, strict: bool = False) -> Judging:
    """By these rules alone, so that a new rule changes nothing here."""
    return Judging(select(shipped(), selected=rules), strict=strict)


def own(name: str) -> ReleaseReport:
    """One of `fixtures/upgrades/`, judged by the rules on selectors."""
    room = ROOT / "fixtures" / "upgrades" / name
    before, after = (
        (Text(f"templates/{side}.yaml", (room / f"{side}.yaml").read_text()),)
        for side in ("before", "after")
    )
    case = Case("web", "default", Target("1.36"), before, after)
    return judge(case, judging("selector-changed", "config-change-without-restart"))


def reported(*releases: ReleaseReport) -> Report:
    """A run of these releases."""
    verdict = combine(release.verdict for release in releases)
    assert verdict in Verdict
    return Report(verdict, releases)
