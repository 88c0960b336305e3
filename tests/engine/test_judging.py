"""One way to judge: the configuration's word on a rule holds wherever rules are judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policylint.commands.check import check
from policylint.commands.history import examine
from policylint.commands.scan import Survey, survey
from policylint.engine.registry import all_rules
from policylint.helm.inputs.options import Options
from policylint.model import Finding, Verdict
from policylint.report.formats import render
from policylint.report.model import Report, every_rule
from tests.helm.values.offline import write_chart
from tests.helms import any_helm

LOCKED = str(
    Path(__file__).parents[2] / "fixtures/oracle/states/helm3-pending-upgrade/records.yaml"
)
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod}
spec:
  selector: {matchLabels: {app: %(app)s}}
  template:
    metadata: {labels: {app: %(app)s}}
    spec: {containers: [{name: web, image: "web:1"}]}
"""


def unrendered(room: Path, rules: str) -> Report:
    """A check of a chart that does not render, and whose values name a key that nothing reads."""
    chart = room / "web"
    template = 'a: {{ .Values.replicas }}\n{{ fail "no" }}\n'
    write_chart(
        chart, {"name": "web", "values": {"replicas": 1}, "templates": {"values.yaml": template}}
    )
    (room / "values.yaml").write_text("replica: 3\n")
    (room / ".policylint.yaml").write_text(
        f"releases: [{{name: web, chart: ./web, values: [values.yaml]}}]\n{rules}"
    )
    return check(
        Options(before=str(chart), config=str(room / ".policylint.yaml"), helm=any_helm().name)
    )


def findings(report: Report) -> dict[str, Finding]:
    return {finding.rule: finding for release in report.releases for finding in release.findings}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_failed_render_tells_what_the_values_say(tmp_path: Path) -> None:
    report = unrendered(tmp_path, "")
    assert str(findings(report)["unused-values-key"].severity) == "warning"
    assert report.verdict is Verdict.FAIL  # the template is at fault: helm upgrade fails too


def test_a_failed_render_keeps_silent_on_a_rule_that_is_off(tmp_path: Path) -> None:
    report = unrendered(tmp_path, "rules: {unused-values-key: 'off'}\n")
    assert set(findings(report)) == {"upgrade-fails"}
    assert report.verdict is Verdict.FAIL


def test_a_failed_render_that_nobody_wants_to_hear_of_is_unknown(tmp_path: Path) -> None:
    report = unrendered(tmp_path, "rules: {upgrade-fails: 'off'}\n")
    assert "upgrade-fails" not in findings(report)
    assert report.verdict is Verdict.UNKNOWN


def test_a_failed_render_takes_the_severity_of_the_configuration(tmp_path: Path) -> None:
    report = unrendered(tmp_path, "rules: {unused-values-key: error}\n")
    assert str(findings(report)["unused-values-key"].severity) == "error"


@pytest.mark.parametrize(
    ("configuration", "verdict"),
    [
        ("{}", Verdict.FAIL),
        ("rules: {release-pending: 'off'}", Verdict.PASS),
        ("rules: {release-pending: note}", Verdict.PASS),
        ("ignore: [release-pending]", Verdict.PASS),
        ("{rules: {release-pending: warning}, fail-on: warning}", Verdict.FAIL),
    ],
)
def test_a_history_is_judged_by_the_configuration(
    tmp_path: Path, configuration: str, verdict: Verdict
) -> None:
    (tmp_path / ".policylint.yaml").write_text(configuration)
    assert examine([LOCKED]).verdict is verdict


def test_a_history_is_judged_by_the_configuration_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("rules: {release-pending: 'off'}\n")
    assert examine([LOCKED], Options(config="own.yaml")).verdict is Verdict.PASS


def test_sarif_tells_the_page_of_each_rule_that_found_something(tmp_path: Path) -> None:
    reports = {"release-pending": examine([LOCKED]), "unused-values-key": unrendered(tmp_path, "")}
    (tmp_path / "deploy.sh").write_text("helm upgrade web ./chart --reuse-values\n")
    reports["reuse-values"] = survey(Survey((str(tmp_path / "deploy.sh"),)))
    for side, replicas in (("before", "a"), ("after", "b")):
        (tmp_path / f"{side}.yaml").write_text(DEPLOYMENT % {"app": replicas})
    sides = Options(after=str(tmp_path / "after.yaml"), before=str(tmp_path / "before.yaml"))
    reports["selector-changed"] = check(sides)
    pages = {rule.id: rule for rule in all_rules()[0]}
    for rule, report in reports.items():
        log = json.loads(render("sarif", report))
        told = {row["id"]: row for row in log["runs"][0]["tool"]["driver"]["rules"]}
        assert rule in told
        assert set(told) == set(every_rule(report))
        for name, row in told.items():
            assert row["shortDescription"]["text"] == pages[name].title
            assert row["helpUri"].endswith(f"#{name}")
