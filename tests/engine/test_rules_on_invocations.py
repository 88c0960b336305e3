"""Rules of one's own on how Helm is run, and on histories: whom they are about, what their fixes
do, and which keys they may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylint import testing
from policylint.cli.app import run
from policylint.engine.yamlrule import read_rule
from policylint.errors import PolicylintError, ReadError
from policylint.model import Direction

WAIT = """title: Jobs are not waited for
severity: note
subject: invocation
habit: true
tools: [helm]
actions: [install, upgrade]
flags: [wait]
validations:
  - expression: invocation.flags[?'wait-for-jobs'].?state.orValue('unset') != 'unset'
    message: the jobs are not waited for
    flag: wait
fixes:
  - {title: wait for them, grade: safe, add: --wait-for-jobs}
  - {title: wait for nothing, grade: unsafe, remove: wait}
"""


def own(tmp_path: Path, text: str):
    file = tmp_path / "own.yaml"
    file.write_text(text)
    return testing.rule_file(file)


@pytest.mark.parametrize(
    ("command", "is_told"),
    [
        ("helm upgrade web ./web --wait", True),
        ("helm upgrade web ./web --wait --wait-for-jobs", False),
        ("helm upgrade web ./web", False),
        ("helm upgrade web ./web --wait=false", False),
        ("helm rollback web 3 --wait", False),
        ("helmfile apply --wait", False),
    ],
)
def test_a_rule_is_about_its_tools_actions_and_flags_alone(
    tmp_path: Path, command: str, is_told: bool
) -> None:
    assert bool(testing.findings(own(tmp_path, WAIT), command=command)) is is_told


def test_fixes_edit_the_users_file(tmp_path: Path) -> None:
    (finding,) = testing.findings(own(tmp_path, WAIT), command="helm upgrade web ./web --wait\n")
    adds, removes = finding.fixes
    assert [edit.text for edit in adds.edits] == [" --wait-for-jobs"]
    assert [edit.text for edit in removes.edits] == [""]


def test_a_habit_is_an_error_in_production(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs/jobs-waited.yaml").write_text(WAIT)
    (tmp_path / ".policylint.yaml").write_text("packs: [packs]\n")
    (tmp_path / "deploy.sh").write_text("helm upgrade web ./web -n prod --wait\n")
    words = ["scan", "--select", "jobs-waited", "--format", "concise"]
    assert run(words) == 0
    assert "note[jobs-waited]" in capsys.readouterr().out
    assert run([*words, "--env", "production"]) == 1
    assert "error[jobs-waited]" in capsys.readouterr().out


FLUX = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: prod}
spec:
  interval: 5m
  timeout: 90s
  chart: {spec: {chart: web, sourceRef: {kind: HelmRepository, name: acme}}}
"""


def test_a_rule_is_tried_on_files_of_a_repository(tmp_path: Path) -> None:
    rule = own(
        tmp_path,
        "title: t\nseverity: note\nsubject: invocation\ntools: [flux]\nflags: [timeout]\n"
        "validations:\n  - expression: invocation.flags['timeout'].value != '90s'\n"
        "    message: too short\n    flag: timeout\n",
    )
    (finding,) = testing.findings(rule, files={"apps/web.yaml": FLUX})
    assert finding.message == "too short"


@pytest.mark.parametrize("name", ["../x.yaml", "/tmp/x.yaml", "a/../../x.yaml", "."])
def test_a_file_of_an_example_stays_inside(tmp_path: Path, name: str) -> None:
    with pytest.raises(PolicylintError, match="leads out"):
        testing.findings(own(tmp_path, WAIT), files={name: "helm upgrade web ./web"})


@pytest.mark.parametrize(
    ("key", "subject", "words"),
    [
        ("kinds: [Pod]", "invocation", "kinds is of rules on one resource's change"),
        ("fields: [/spec]", "release", "fields is of rules on one resource's change"),
        ("flags: [wait]", "change", "flags is of rules on an invocation"),
        ("habit: true", "history", "habit is of rules on an invocation"),
    ],
)
def test_a_key_of_another_subject_is_told(key: str, subject: str, words: str) -> None:
    text = f"title: t\nseverity: note\nsubject: {subject}\n{key}\nvalidations:\n"
    with pytest.raises(ReadError, match=words) as told:
        read_rule(text + "  - {expression: 'true', message: m}\n", "acme/own.yaml")
    assert told.value.line == 4


HISTORY = """title: t
severity: note
subject: history
validations:
  - expression: history.revisions.all(revision, revision.status != 'failed')
    message: something failed
    revisionsExpression: history.revisions.filter(r, r.status == 'failed').map(r, r.revision)
    direction: rollback
fixes:
  - {title: look, stepsExpression: "history.revisions.map(r, 'look at ' + string(r.revision))"}
"""


def test_a_rule_on_histories_names_its_records_and_makes_its_steps(tmp_path: Path) -> None:
    rows = [
        f'{{"revision": {number}, "status": "{status}", "chart": "web-1.0.0"}}'
        for number, status in enumerate(("deployed", "failed", "failed"), 1)
    ]
    (finding,) = testing.findings(own(tmp_path, HISTORY), history=f"[{', '.join(rows)}]")
    assert [place.key for place in finding.locations] == ["revision 2", "revision 3"]
    assert finding.direction is Direction.ROLLBACK
    assert finding.fixes[0].steps == ("look at 1", "look at 2", "look at 3")


@pytest.mark.parametrize("steps", ["'one'", "history.missing", "[1, 2]"])
def test_steps_that_are_none_are_unknown(tmp_path: Path, steps: str) -> None:
    text = HISTORY.replace("history.revisions.map(r, 'look at ' + string(r.revision))", steps)
    with pytest.raises(PolicylintError):
        testing.findings(
            own(tmp_path, text),
            history='[{"revision": 1, "status": "failed", "chart": "web-1.0.0"}]',
        )
