"""`policylint scan` from outside: what is found, how it is named, what fails a run, and that no
secret is shown."""

from __future__ import annotations

import json

import pytest

from policylint.cli import app

DEPLOY = """#!/bin/sh
helm upgrade --install web ./chart -n prod --atomic -f values.yaml
helm upgrade api acme/api --force
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, monkeypatch, *words):
    code = app.run(words)
    out, err = capsys.readouterr()
    return code, out, err


def as_json(capsys, monkeypatch, *words):
    code, out, _ = run(capsys, monkeypatch, "scan", *words, "--format", "json")
    return code, json.loads(out)


def test_a_scan_lists_invocations_and_findings(here, capsys, monkeypatch):
    (here / "deploy.sh").write_text(DEPLOY)
    code, report = as_json(capsys, monkeypatch)
    assert code == 0
    assert report["releases"] == []
    assert [
        (invocation["file"], invocation["line"], invocation["release"])
        for invocation in report["invocations"]
    ] == [
        ("deploy.sh", 2, "web"),
        ("deploy.sh", 3, "api"),
    ]
    web, api = report["invocations"]
    assert (web["action"], web["namespace"], web["values_files"]) == ("upgrade", "prod", 1)
    assert web["flags"]["atomic"]["state"] == "set"
    assert api["flags"]["atomic"]["state"] == "unset"
    assert {finding["rule"] for finding in report["findings"]} >= {"force-used", "atomic-missing"}
    assert {place["line"] for finding in report["findings"] for place in finding["locations"]} == {
        3
    }


def test_production_raises_a_habit_to_an_error(here, capsys, monkeypatch):
    (here / "deploy.sh").write_text(DEPLOY)
    code, report = as_json(capsys, monkeypatch, "--env", "production")
    severities = {finding["rule"]: finding["severity"] for finding in report["findings"]}
    assert (code, severities["atomic-missing"]) == (1, "error")


@pytest.mark.parametrize("config", ["", "level: practice\n"], ids=["asked", "configured"])
def test_practices_asked_for_by_name_are_errors(here, capsys, monkeypatch, config):
    (here / "deploy.sh").write_text(DEPLOY)
    (here / ".policylint.yaml").write_text(config)
    code, report = as_json(capsys, monkeypatch, *(() if config else ("--level", "practice")))
    severities = {finding["rule"]: finding["severity"] for finding in report["findings"]}
    assert (code, severities["atomic-missing"]) == (1, "error")
    code, report = as_json(capsys, monkeypatch, "--level", "downtime")
    assert (code, "atomic-missing" in {finding["rule"] for finding in report["findings"]}) == (
        0,
        False,
    )


def test_what_documentation_shows_is_a_note_at_most(here, capsys, monkeypatch):
    (here / "README.md").write_text("```sh\nhelm upgrade web acme/web --force\n```\n")
    code, report = as_json(capsys, monkeypatch, "--env", "production")
    assert (code, report["findings"], len(report["invocations"])) == (0, [], 1)
    for asked in ("--all-findings", "README.md"):
        code, report = as_json(capsys, monkeypatch, "--env", "production", asked)
        assert code == 0
        assert {finding["severity"] for finding in report["findings"]} == {"note"}
    (here / ".policylint.yaml").write_text("rules: {force-used: error}\n")
    assert as_json(capsys, monkeypatch, "--all-findings")[0] == 1


@pytest.mark.parametrize("folder", ["fixtures", "third_party/charts", "pkg/testdata"])
def test_fixtures_and_vendored_files_are_judged_where_they_are_named(
    here, capsys, monkeypatch, folder
):
    (here / folder).mkdir(parents=True)
    (here / folder / "deploy.sh").write_text(DEPLOY)
    code, out, _ = run(capsys, monkeypatch, "scan")
    assert code == 0
    assert "force-used" not in out
    assert "2 of them in documentation, test fixtures and vendored files" in out
    assert "force-used" in run(capsys, monkeypatch, "scan", folder)[1]


def test_what_is_said_of_many_releases_is_one_finding(here, capsys, monkeypatch):
    releases = "".join(f"  - {{name: r{n}, chart: acme/r{n}, version: 1.0.0}}\n" for n in range(9))
    (here / "helmfile.yaml").write_text(f"helmDefaults: {{force: true}}\nreleases:\n{releases}")
    _, report = as_json(capsys, monkeypatch)
    rules = [finding["rule"] for finding in report["findings"]]
    assert sorted(set(rules)) == sorted(rules)
    (forced,) = (finding for finding in report["findings"] if finding["rule"] == "force-used")
    places = [(place["role"], place["line"]) for place in forced["locations"]]
    assert ("cause", 1) in places
    assert len(places) == 10
    assert "and 8 more places" in run(capsys, monkeypatch, "scan")[1]


def test_the_configuration_decides_severities_and_what_is_left_out(here, capsys, monkeypatch):
    (here / ".policylint.yaml").write_text("rules: {force-used: error}\nscan: {ignore: [old]}\n")
    (here / "old").mkdir()
    (here / "old" / "deploy.sh").write_text(DEPLOY)
    assert as_json(capsys, monkeypatch)[0] == 0
    (here / "deploy.sh").write_text(DEPLOY)
    code, report = as_json(capsys, monkeypatch)
    assert code == 1
    assert {invocation["file"] for invocation in report["invocations"]} == {"deploy.sh"}


def test_files_are_named_one_by_one_as_a_commit_hook_does(here, capsys, monkeypatch):
    (here / "a.sh").write_text(DEPLOY)
    (here / "b.sh").write_text(DEPLOY)
    (here / "c.txt").write_text("helm upgrade")
    _, report = as_json(capsys, monkeypatch, "b.sh", "c.txt")
    assert {invocation["file"] for invocation in report["invocations"]} == {"b.sh"}


def test_files_elsewhere_are_named_absolutely(here, tmp_path_factory, capsys, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("other")
    (elsewhere / "deploy.sh").write_text(DEPLOY)
    _, report = as_json(capsys, monkeypatch, str(elsewhere))
    assert {invocation["file"] for invocation in report["invocations"]} == {
        str(elsewhere / "deploy.sh")
    }
    (here / "sub").mkdir()
    monkeypatch.chdir(here / "sub")
    (here / "up.sh").write_text(DEPLOY)
    _, report = as_json(capsys, monkeypatch, "../up.sh")
    assert {invocation["file"] for invocation in report["invocations"]} == {str(here / "up.sh")}


def test_nothing_found_is_a_pass_that_says_so(here, capsys, monkeypatch):
    (here / "README").write_text("nothing here")
    code, out, _ = run(capsys, monkeypatch, "scan")
    assert code == 0
    assert "no helm commands" in out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.yaml",
            b"kind: HelmRelease\napiVersion: helm.toolkit.fluxcd.io/v2\n" + b"bad: [\n  x: {\n" * 6,
        ),
        ("missing", None),
    ],
)
def test_what_cannot_be_read_makes_the_verdict_unknown(here, capsys, monkeypatch, name, text):
    if text is not None:
        (here / name).write_bytes(text)
    code, report = as_json(capsys, monkeypatch, name)
    assert (code, report["verdict"]) == (2, "unknown")
    assert any(name in failure["message"] and failure["remedy"] for failure in report["failures"])


@pytest.mark.parametrize(
    "words", [("--select", "no-such-rule"), ("--helm-version", "5"), ("--format", "tex")]
)
def test_wrong_options_are_refused(here, capsys, monkeypatch, words):
    code, out, err = run(capsys, monkeypatch, "scan", *words)
    assert (code, out) == (2, "")
    assert "fix" in err


def test_no_secret_is_shown(here, capsys, monkeypatch):
    (here / "deploy.sh").write_text(
        "helm repo add acme http://bob:hunter2hunter2@charts.example.com --password correcthorse\n"
        "helm upgrade web http://bob:hunter2hunter2@charts.example.com/web --set "
        "db.password=battery1,a=b\n"
        """helm upgrade web ./c --set-json 'auth={"token": "stapler99"}' --kube-token """
        "tokentoken\n"
    )
    for words in (("--format", "json"), ()):
        _, out, _ = run(capsys, monkeypatch, "scan", *words)
        for secret in ("hunter2hunter2", "correcthorse", "battery1", "stapler99", "tokentoken"):
            assert secret not in out


def test_a_habit_of_many_places_takes_one_line(here, capsys, monkeypatch):
    for number in range(40):
        (here / f"{number}.sh").write_text(f"helm upgrade web{number} ./chart --version 1.2.3\n")
    _, text, _ = run(capsys, monkeypatch, "scan", ".")
    assert len(text.splitlines()) <= 20
    assert "40 places" in text
    assert "--atomic" in run(capsys, monkeypatch, "scan", ".", "--show-fixes", "all")[1]


STEADY = "--atomic --wait --timeout 5m --history-max 5 -n prod"


def _swallowing(capsys, monkeypatch):
    _, report = as_json(capsys, monkeypatch)
    return [row for row in report["findings"] if row["rule"] == "failure-swallowed"]


def test_a_line_that_swallows_many_failures_is_one_finding(here, capsys, monkeypatch):
    deploys = "".join(f"helm upgrade --install {n} ./{n} {STEADY}\n" for n in ("web", "db"))
    (here / "deploy.sh").write_text(f"#!/bin/bash\nset +e\n{deploys}")
    (finding,) = _swallowing(capsys, monkeypatch)
    places = [(place["role"], place["line"]) for place in finding["locations"]]
    assert sorted(places) == [("cause", 2), ("command", 3), ("command", 4)]


def test_commands_of_one_line_whose_failures_are_swallowed_are_one_finding(
    here, capsys, monkeypatch
):
    deploys = "; ".join(f"helm upgrade --install {n} ./{n} {STEADY} || true" for n in ("web", "db"))
    (here / "deploy.sh").write_text(f"#!/bin/bash\n{deploys}\n")
    (finding,) = _swallowing(capsys, monkeypatch)
    assert finding["because"] == "its answer is thrown away: || true"
    assert len(finding["locations"]) == 2


def test_a_habit_of_many_charts_is_told_once_and_counted_whole(here, capsys, monkeypatch):
    releases = "".join(f"- {{name: r{n}, chart: acme/r{n}, version: '>1'}}\n" for n in range(9))
    (here / "helmfile.yaml").write_text(f"helmDefaults: {{atomic: true}}\nreleases:\n{releases}")
    _, out, _ = run(capsys, monkeypatch, "scan")
    assert out.count("warning[chart-version-unpinned]") == 1
    assert "also        acme/r1 " in out
    assert "and 5 more: --show-fixes all" in out
    assert "9 warnings" in out
    _, out, _ = run(capsys, monkeypatch, "scan", "--show-fixes", "all")
    assert out.count("warning[chart-version-unpinned]") == 9
