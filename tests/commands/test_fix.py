"""Fixes: each makes its finding go, changes nothing else, and is written whole or not at all."""

from __future__ import annotations

import shutil
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from policylint.commands import fix as fixing
from policylint.commands.fix import applied, planned, repair, write
from policylint.commands.scan import Survey, searched
from policylint.engine.evaluate import evaluate
from policylint.engine.registry import shipped
from policylint.engine.rule import Context
from policylint.errors import PolicylintError
from policylint.kubernetes.api.schemas import NEWEST
from policylint.model import (
    Category,
    Confidence,
    Direction,
    Edit,
    Finding,
    Fix,
    Grade,
    Severity,
    Target,
    Verdict,
)
from policylint.redaction.redactor import Redactor
from policylint.report.model import Report
from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.registry import read_source
from policylint.scan.repository.together import in_repository
from policylint.scan.texts.source import Source
from tests.cases import ROOT
from tests.commands.test_scan import here, run

__all__ = ["here"]
CORPUS = ROOT / "fixtures" / "pipelines"
CASES_OF_RULES = ROOT / "fixtures" / "rules"
FILES = sorted(
    path
    for path in (
        *CORPUS.rglob("*"),
        *CASES_OF_RULES.glob("*/*/repo/**/*"),
        *CASES_OF_RULES.glob("*/*/command.txt"),
    )
    if path.is_file() and path.name != "labels.yaml"
)
RULES = [rule for rule in shipped() if "invocations" in rule.subjects[0].__module__]


def judged(name, data, line):
    root, _, name = name.rpartition("/repo/") if "/repo/" in name else (str(CORPUS), "", name)
    if name.endswith("command.txt"):
        name = "command.sh"
    invocations = [
        item
        for item in read_source(Source.of(name, data, Path(root)))
        if isinstance(item, Invocation)
    ]
    subjects = (*invocations, *in_repository(invocations))
    findings, failures = evaluate(RULES, subjects, Context(Target(NEWEST, helm=line)), Redactor())
    assert failures == ()
    return invocations, findings


def alike(findings):
    return [
        (item.tool, item.action, item.release, item.chart, item.namespace, item.sets)
        for item in findings
    ]


def same(findings, finding):
    return sum((item.rule, item.message) == (finding.rule, finding.message) for item in findings)


@pytest.mark.parametrize(
    "path", FILES, ids=[str(path.relative_to(ROOT / "fixtures")) for path in FILES]
)
def test_a_fix_makes_its_finding_go_and_nothing_else(path):
    name = str(path.relative_to(CORPUS)) if path.is_relative_to(CORPUS) else str(path)
    data = path.read_bytes()
    try:
        data.decode()
    except UnicodeDecodeError:
        return
    for line in ("", "3", "4"):
        before, findings = judged(name, data, line)
        for finding in findings:
            for fix in (fix for fix in finding.fixes if fix.edits):
                (edit,) = fix.edits
                after = applied(data, fix.edits)
                assert after.startswith(data[: edit.start])
                assert after.endswith(data[edit.end :])
                now, rest = judged(name, after, line)
                assert alike(now) == alike(before), f"{finding.rule}: {edit}"
                assert same(rest, finding) < same(findings, finding), f"{finding.rule}: {edit}"
                worse = [item.rule for item in rest if item.severity is Severity.ERROR]
                assert len(worse) <= sum(item.severity is Severity.ERROR for item in findings)


@pytest.mark.heavy
def test_fixing_again_ends_and_keeps_every_deploy(here):
    shutil.copytree(CORPUS / "commands" / "shell", here / "all")
    before = alike(searched(Survey()).invocations)
    made, _ = repair(Survey(), unsafe=True)
    write(made)
    assert made.done > 30
    assert repair(Survey(), unsafe=True)[0].files == {}
    assert alike(searched(Survey()).invocations) == before


CASES = {
    "a flag on its own line": (
        "deploy.sh",
        "helm upgrade --install web ./chart -n prod \\\n  --force \\\n  --atomic\n",
        "helm upgrade --install web ./chart -n prod \\\n  --atomic\n",
    ),
    "the last line of a command": (
        "deploy.sh",
        "helm upgrade --install web ./chart -n prod --atomic \\\n  --force\necho done\n",
        "helm upgrade --install web ./chart -n prod --atomic\necho done\n",
    ),
    "a flag between others": (
        "deploy.sh",
        "helm upgrade --install web ./chart -n prod --force --atomic # why\n",
        "helm upgrade --install web ./chart -n prod --atomic # why\n",
    ),
    "an array": (
        "deploy.sh",
        'args=(\n  --force\n  --atomic\n)\nhelm upgrade --install web ./c -n prod "${args[@]}"\n',
        'args=(\n  --atomic\n)\nhelm upgrade --install web ./c -n prod "${args[@]}"\n',
    ),
    "a text": (
        "deploy.sh",
        'FLAGS="--atomic --force"\nhelm upgrade --install web ./c -n prod $FLAGS\n',
        'FLAGS="--atomic"\nhelm upgrade --install web ./c -n prod $FLAGS\n',
    ),
    "a block of HCL": (
        "main.tf",
        'resource "helm_release" "web" {\n  name         = "web" # ours\n  chart        = "./web"\n'
        "  force_update = true\n  max_history  = 0\n}\n",
        'resource "helm_release" "web" {\n  name         = "web" # ours\n  chart        = "./web"\n'
        "  force_update = false\n  max_history  = 10\n}\n",
    ),
    "a new argument of HCL": (
        "main.tf",
        'resource "helm_release" "web" {\n  name  = "web"\n  chart = "./web"\n}\n',
        (
            'resource "helm_release" "web" {\n  max_history = 10\n  name  = "web"\n'
            '  chart = "./web"\n}\n'
        ),
    ),
    "lines that end as on Windows": (
        "deploy.sh",
        "helm upgrade --install web ./c -n prod --atomic \\\r\n  --force\r\necho\r\n",
        "helm upgrade --install web ./c -n prod --atomic\r\necho\r\n",
    ),
    "letters of several bytes and a mark": (
        "deploy.sh",
        "\ufeff# für später\nhelm upgrade --install wéb ./c -n prod --force --atomic\n",
        "\ufeff# für später\nhelm upgrade --install wéb ./c -n prod --atomic\n",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_files_are_rewritten_in_place(here, capsys, monkeypatch, name):
    file, before, after = CASES[name]
    path = here / file
    path.write_bytes(before.encode())
    path.chmod(0o750)
    words = ("--select", "force-used", "--select", "history-max-unbounded", "--unsafe")
    code, out, _ = run(capsys, monkeypatch, "fix", "--diff", *words)
    assert (code, path.read_bytes()) == (0, before.encode())
    assert out.startswith(f"--- a/{file}")
    code, out, _ = run(capsys, monkeypatch, "fix", *words)
    assert (code, out) == (0, f"fixed {file}\n")
    assert path.read_bytes() == after.encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert sorted(item.name for item in here.iterdir()) == [file]
    assert run(capsys, monkeypatch, "fix", *words)[1] == ""


def test_what_may_change_a_deploy_is_asked_for(here, capsys, monkeypatch):
    path = here / "deploy.sh"
    path.write_text("helm upgrade web ./c --reuse-values\n")
    run(capsys, monkeypatch, "fix", "--select", "reuse-values")
    assert path.read_text() == "helm upgrade web ./c --reuse-values\n"
    run(capsys, monkeypatch, "fix", "--select", "reuse-values", "--unsafe")
    assert path.read_text() == "helm upgrade web ./c --reset-then-reuse-values\n"


@pytest.mark.parametrize(
    "flag",
    [
        *("--force", "--force-conflicts", "--take-ownership", "--no-hooks"),
        *("--disable-openapi-validation", "--skip-schema-validation"),
    ],
)
def test_what_somebody_switched_on_or_off_is_left_so(here, capsys, monkeypatch, flag):
    path = here / "deploy.sh"
    path.write_text(f"helm upgrade --install web ./c -n prod {flag}\n")
    _, out, _ = run(capsys, monkeypatch, "scan")
    assert "leave it out" in out
    run(capsys, monkeypatch, "fix")
    assert flag in path.read_text().split()
    run(capsys, monkeypatch, "fix", "--unsafe")
    assert flag not in path.read_text().split()


def test_a_fix_never_takes_a_flag_that_the_helm_may_not_know(here, capsys, monkeypatch):
    path = here / "deploy.sh"
    path.write_text("helm upgrade web ./c\n")
    run(capsys, monkeypatch, "fix", "--select", "atomic-missing")
    assert path.read_text() == "helm upgrade web ./c --atomic\n"
    path.write_text("helm upgrade web ./c\n")
    run(capsys, monkeypatch, "fix", "--select", "atomic-missing", "--helm-version", "4")
    assert path.read_text() == "helm upgrade web ./c --rollback-on-failure\n"


def test_links_stay_links(here, capsys, monkeypatch):
    (here / "deploy.sh").write_text("helm upgrade web ./c\n")
    (here / "link.sh").symlink_to("deploy.sh")
    run(capsys, monkeypatch, "fix", "link.sh", "--select", "atomic-missing")
    assert (here / "link.sh").is_symlink()
    assert (here / "deploy.sh").read_text() == "helm upgrade web ./c --atomic\n"


def finding(*edits, grade=Grade.SAFE):
    fixes = (Fix("x", grade, (), edits),)
    kind = (Category.PRACTICE, Severity.NOTE, Confidence.CERTAIN, Direction.UPGRADE)
    return Finding("rule", *kind, "message", "", "0", fixes=fixes)


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 10), st.text("xyz", max_size=4)), max_size=8
    )
)
def test_of_fixes_that_meet_the_first_wins(spots):
    data = bytes(range(65, 115))
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        edits = [Edit(file.name, start, start + size, text) for start, size, text in spots]
        drafts, made = planned([finding(edit) for edit in edits], {})
    assert made <= len(edits)
    if edits:
        assert edits[0].text.encode() in drafts[file.name]
        assert len(drafts) == 1


def test_a_file_that_shrank_meanwhile_is_left_alone(here):
    (here / "a.sh").write_text("x")
    with pytest.raises(PolicylintError, match="changed meanwhile"):
        planned([finding(Edit("a.sh", 5, 6, ""))], {})


def test_a_file_that_was_changed_meanwhile_is_not_written(here):
    (here / "deploy.sh").write_text("helm upgrade web ./c\n")
    made, _ = repair(Survey(select=("atomic-missing",)))
    (here / "deploy.sh").write_text("helm upgrade api ./c\n")
    with pytest.raises(PolicylintError, match="changed meanwhile"):
        write(made)
    assert (here / "deploy.sh").read_text() == "helm upgrade api ./c\n"


def test_one_run_is_enough(here, capsys, monkeypatch):
    path = here / "deploy.sh"
    path.write_text(
        "helm upgrade --install web ./c -n prod --force\nhelm upgrade api ./c --force\n"
    )
    code, out, _ = run(capsys, monkeypatch, "fix", "--unsafe")
    assert (code, out) == (0, "fixed deploy.sh\n")
    text = path.read_text()
    assert run(capsys, monkeypatch, "fix", "--unsafe")[1] == ""
    assert path.read_text() == text
    assert repair(Survey(), unsafe=True)[0].files == {}


def test_the_diff_is_what_is_written_in_the_end(here, capsys, monkeypatch):
    path = here / "deploy.sh"
    path.write_text("helm upgrade --install web ./c -n prod --force\n")
    text = path.read_text()
    _, diff, told = run(capsys, monkeypatch, "fix", "--unsafe", "--diff")
    assert path.read_text() == text
    _, _, made = run(capsys, monkeypatch, "fix", "--unsafe")
    assert told == made.replace("fixes made", "fixes")
    added = [line[1:] for line in diff.splitlines() if line.startswith("+") and "+++" not in line]
    assert added == path.read_text().splitlines()


def test_a_fix_that_does_not_help_is_left_out(here, monkeypatch):
    path = here / "deploy.sh"
    path.write_bytes(b"one two")
    good = structs.replace(finding(Edit(str(path), 0, 3, "1")), resource=None, where="one")

    def bad(text):
        edit = Edit(str(path), text.index(b"two"), len(text), "3")
        return structs.replace(finding(edit), resource=None, where="two")

    def looked(survey, drafts):
        text = drafts.get(str(path), path.read_bytes())
        left = bad(text if b"two" in text else b"one two")
        return Report(
            Verdict.FAIL, findings=(good, left) if b"one" in text else (left,)
        ), Redactor()

    monkeypatch.setattr(fixing, "_looked", looked)
    made, report = repair(Survey())
    assert made.files == {str(path): (b"one two", b"1 two")}
    assert (made.done, made.by_hand) == (1, 1)
    assert report.findings == (bad(b"1 two"),)
