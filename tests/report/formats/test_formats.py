"""Every format on the same reports: what it says, what it needs to be valid, what must not act."""

from __future__ import annotations

import json
import re
from itertools import product
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from policylint.errors import RuleFailure
from policylint.model import (
    Apply,
    Category,
    Confidence,
    Direction,
    Finding,
    Fix,
    Location,
    ResourceId,
    Severity,
    Target,
    Verdict,
)
from policylint.report.formats import names, pieces, render
from policylint.report.formats.markdown import LIMIT, MARKER
from policylint.report.look import Look
from policylint.report.model import ReleaseReport, Report, RuleInfo

HOSTILE = (
    "\x1b]0;owned\x07\x1b[31m",
    "::error::pwned",
    "\n::set-output name=a::b",
    "##vso[task.complete result=Succeeded]",
    "x ##[error]y",
    "##teamcity[buildStatus status='SUCCESS']",
    "\u202egpj.exe",
    "\u2066hidden\u2069",
    "line\rover",
    "\x9b31m",
    "a\u2028b",
    "</details><script>alert(1)</script>",
    "```\n# heading",
    "[click](javascript:alert(1)) ![x](http://example.com/p.png) @everyone",
    "|a|b|",
    "]]>&<!--",
)


def finding(message: str, **changes: object) -> Finding:
    facts: dict = {
        "rule": "selector-changed",
        "category": Category.CLUSTER_REJECTS,
        "severity": Severity.ERROR,
        "confidence": Confidence.CERTAIN,
        "direction": Direction.UPGRADE,
        "because": "field is immutable",
        "resource": ResourceId("apps", "Deployment", "prod", "web"),
        "path": "/spec/selector",
        "before": "a",
        "after": "b",
        "locations": (Location("cause", "values/prod.yaml", 12, 3, "app"),),
        "fixes": (Fix("keep the selector", steps=("put `app: a` back", "helm upgrade web .")),),
    }
    return Finding(message=message, **{**facts, **changes})


def report(*findings: Finding, failures: tuple[RuleFailure, ...] = ()) -> Report:
    verdict = Verdict.UNKNOWN if failures else Verdict.FAIL if findings else Verdict.PASS
    target = Target("1.36", "4", Apply.SERVER_SIDE)
    release = ReleaseReport("web", "prod", target, verdict, findings=findings, failures=failures)
    info = RuleInfo(
        "selector-changed", "A selector", "# page", Category.CLUSTER_REJECTS, Severity.ERROR
    )
    return Report(verdict, (release,), rules=(info,))


def hostile(text: str) -> Report:
    """A report in which everything that may come from outside is this text."""
    place = Location("cause", text, 1, 1, text)
    bad = finding(
        text,
        because=text,
        resource=ResourceId("", text, text, text),
        path=f"/{text}",
        before=text,
        after={text: text},
        locations=(place,),
        fixes=(Fix(text, steps=(text, f"kubectl get {text}")),),
    )
    failure = RuleFailure("render", text, text)
    target = Target("1.36", "4", Apply.SERVER_SIDE)
    release = ReleaseReport(text, text, target, Verdict.UNKNOWN, (), (bad,), (failure,))
    return Report(Verdict.UNKNOWN, (release,), (bad,), (failure,))


TEXTUAL = [name for name in names() if name != "json"]


@pytest.mark.parametrize("name", TEXTUAL)
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_from_outside_acts(name: str, text: str) -> None:
    written = render(name, hostile(text))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028]", written)
    assert not re.search(r"##(vso\[|\[)", written)
    if name != "teamcity":  # whose own words are service messages
        assert "##teamcity[" not in written
    if name != "github":  # whose own words are workflow commands
        assert not re.search(r"^\s*::", written, re.M)


@pytest.mark.parametrize("text", HOSTILE)
def test_annotations_are_of_github_s_own_three_kinds(text: str) -> None:
    lines = render("github", hostile(text)).splitlines()
    assert lines
    for line in lines:
        assert re.match(r"::(error|warning|notice) title=policylint", line)


@pytest.mark.parametrize("text", [*HOSTILE, "' status='x", "|'] ##teamcity[x", "\x85|"])
def test_service_messages_of_teamcity_are_our_own(text: str) -> None:
    lines = render("teamcity", hostile(text)).splitlines()
    value = r"'(?:[^|'\[\]]|\|[|'\[\]nr]|\|0x[0-9A-F]{4})*'"
    for line in lines:
        kind = r"inspectionType|inspection|buildStatus"
        assert re.fullmatch(rf"##teamcity\[(?:{kind})(?: \w+={value})+\]", line)
    assert len(lines) >= 2


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_of_outside_is_no_markup(text: str) -> None:
    written = render("markdown", hostile(text))
    outside_fences = re.sub(r"^  (`{3,})\n.*?^  \1$", "", written, flags=re.M | re.S)
    assert "<script" not in outside_fences
    assert "](" not in outside_fences
    assert "@everyone" not in outside_fences
    assert outside_fences.count("<details") == outside_fences.count("</details>")


@pytest.mark.parametrize("name", TEXTUAL)
def test_a_finding_is_told_whole(name: str) -> None:
    written = render(name, report(finding("the cluster will reject this upgrade")))
    assert "selector-changed" in written
    assert "the cluster will reject this upgrade" in written
    assert re.search(r"values/prod\.yaml|values&#47;prod", written)


@pytest.mark.parametrize("name", [name for name in TEXTUAL if name != "runbook"])
def test_findings_of_every_kind_stand_beside_each_other(name: str) -> None:
    kinds = list(product(Category, Severity, Confidence, Direction))
    findings = [
        finding(f"kind {number} of them", category=kind[0], severity=kind[1], confidence=kind[2])
        for number, kind in enumerate(kinds)
    ]
    directed = [replace(row, direction=kind[3]) for row, kind in zip(findings, kinds, strict=True)]
    written = render(name, report(*directed))
    assert [row.message for row in directed if row.message not in written] == []


@pytest.mark.parametrize("name", TEXTUAL)
def test_what_could_not_be_judged_is_no_silence(name: str) -> None:
    failure = RuleFailure("render", "helm could not render web", "correct it")
    written = render(name, report(failures=(failure,)))
    assert "helm could not render web" in written


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_comes_release_by_release_and_is_one_document(count: int) -> None:
    (release,) = report(finding("a\n##b")).releases
    rows = tuple(replace(release, name=f"r{place}") for place in range(count))
    texts = list(pieces("json", Report(Verdict.FAIL, rows)))
    document = json.loads("".join(texts))
    assert [row["name"] for row in document["releases"]] == [row.name for row in rows]
    assert "".join(texts) == json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    assert all(text.count('"fingerprint"') <= 1 for text in texts)


def test_sarif_names_rule_place_and_fingerprint() -> None:
    log = json.loads(render("sarif", report(finding("no"), finding("why", locations=()))))
    (run,) = log["runs"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["helpUri"].endswith("#selector-changed")
    first, second = run["results"]
    region = first["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 12, "startColumn": 3}
    (nowhere,) = second["locations"]
    assert nowhere["physicalLocation"]["artifactLocation"]["uri"] == ".policylint.yaml"
    assert first["partialFingerprints"]["policylint/v1"] == finding("no").fingerprint


def test_junit_counts_what_it_holds() -> None:
    note = finding("quiet", severity=Severity.NOTE)
    failure = RuleFailure("render", "broken", "")
    root = ElementTree.fromstring(render("junit", report(finding("no"), note, failures=(failure,))))
    (suite,) = root.findall("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    assert len(suite.findall("testcase")) == 3


def test_junit_of_a_pass_has_a_test() -> None:
    root = ElementTree.fromstring(render("junit", report()))
    assert [case.get("name") for case in root.iter("testcase")] == ["no findings"]


def test_gitlab_entries_have_what_gitlab_needs() -> None:
    failure = RuleFailure("render", "broken", "")
    for entry in json.loads(render("gitlab", report(finding("no"), failures=(failure,)))):
        assert entry["location"]["path"]
        assert entry["location"]["lines"]["begin"] >= 1
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch(r"[0-9a-f]{16}", entry["fingerprint"])


@pytest.mark.parametrize("count", [1, 100, 5000])
def test_a_comment_is_never_too_long(count: int) -> None:
    findings = [finding(f"finding {number} " + "x" * 500) for number in range(count)]
    written = render("markdown", report(*findings))
    assert written.startswith(MARKER)
    assert len(written) <= LIMIT
    assert ("more details are left out" in written) is (count > 50)


def test_concise_is_a_line_a_finding() -> None:
    written = render("concise", report(finding("no"), finding("two\nlines", locations=())))
    assert written.splitlines() == [
        "values/prod.yaml:12: error[selector-changed] Deployment prod/web: no",
        "prod/web: error[selector-changed] Deployment prod/web: two\\nlines",
        "FAIL: 2 errors, 0 warnings, 0 notes",
    ]
    counted = render("concise", report(finding("no"), finding("too")), Look(statistics=True))
    assert "\n    2  error    selector-changed\nFAIL: 2 errors" in counted


def test_what_environments_show_alike_is_one_line_of_the_concise_report_and_two_suites() -> None:
    staging, production = (
        replace(report(finding("no")).releases[0], target=target)
        for target in (
            Target("1.36", "4", Apply.SERVER_SIDE, environment="staging"),
            Target("1.36", "4", Apply.SERVER_SIDE, environment="production"),
        )
    )
    both = Report(Verdict.FAIL, (staging, production))
    assert render("concise", both).count("error[selector-changed]") == 1
    suites = re.findall(r'testsuite name="([^"]*)"', render("junit", both))
    assert suites == ["prod/web in staging", "prod/web in production"]


def test_no_more_annotations_are_promised_than_github_keeps() -> None:
    failure = RuleFailure("lookup", "the cluster is asked", "give the objects")
    rows = [finding(f"value{number}") for number in range(12)]
    told = replace(report(*rows), failures=(failure,))
    lines = render("github", told).splitlines()
    assert lines[0].startswith("::error title=policylint could not judge")
    assert "4 more are in the log" in lines[9]
    assert len(lines) == 14
    assert render("github", report(*rows[:10])).count("::error") == 10


def test_a_finding_of_a_flag_is_shown_at_its_template() -> None:
    flag = Location("command", "--set", key="size")
    template = Location("rendered", "web/templates/a.yaml", 9, path="web/templates/a.yaml")
    told = report(replace(finding("x"), locations=(template, flag)))
    (entry,) = json.loads(render("gitlab", told))
    assert entry["location"]["path"] == "web/templates/a.yaml"


def test_sarif_holds_no_more_results_than_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policylint.report.formats.sarif._MOST", 2)
    soft = replace(finding("a"), severity=Severity.NOTE)
    told = report(soft, finding("b"), finding("c"))
    (run,) = json.loads(render("sarif", told))["runs"]
    assert [result["level"] for result in run["results"]] == ["error", "error"]
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].startswith("1 findings are left out")


@pytest.mark.parametrize("text", HOSTILE)
def test_sarif_has_what_the_standard_requires(text: str) -> None:
    log = json.loads(render("sarif", hostile(text)))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["tool"]["driver"]["name"] == "policylint"
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert all(note["message"]["text"] for note in invocation["toolExecutionNotifications"])
    for result in run["results"]:
        assert result["message"]["text"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["locations"]  # GitHub takes no log with a result that is nowhere
        for location in result["locations"]:
            place = location["physicalLocation"]
            assert re.fullmatch(r"[A-Za-z0-9%._~/-]+", place["artifactLocation"]["uri"])
            assert place.get("region", {}).get("startLine", 1) >= 1
