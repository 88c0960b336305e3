"""Rules of one's own: what they may look at, what is refused of them, and that none of them hangs,
crashes or passes in silence."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from policylint.commands.check import check as checked
from policylint.errors import PolicylintError
from policylint.helm.inputs.options import Options
from policylint.testing import assert_examples, findings, rule_file

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {team: shop}}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "web:1"}, {name: side, image: "side:1"}]
"""


def rule(tmp_path: Path, text: str, name: str = "own.yaml") -> Any:
    file = tmp_path / "acme" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return rule_file(file)


def messages(own: Any, **trial: Any) -> list[str]:
    return [finding.message for finding in findings(own, **trial)]


def of(expression: str, more: str = "", message: str = "message: found") -> str:
    words = json.dumps(expression)
    return (
        f"title: t\nseverity: error\n{more}validations:\n  - expression: {words}\n    {message}\n"
    )


@pytest.mark.parametrize(
    ("text", "trial", "wanted"),
    [
        (of("object.spec.replicas >= oldObject.spec.replicas", "operations: [UPDATE]\n"), {}, 1),
        (of("object.spec.replicas > 1"), {}, 1),
        (of("params.least <= object.spec.replicas", "params: {least: 2}\n"), {}, 1),
        (of("objects.size() == 1 && oldObjects.size() == 1", "subject: release\n"), {}, 0),
        (of("release.namespace != 'default'", "subject: release\n"), {}, 1),
        (
            of("values.a >= oldValues.a", "subject: release\n"),
            {"values": {"a": 1}, "old_values": {"a": 2}},
            1,
        ),
        (of("quantity('1Gi').isGreaterThan(quantity('1Mi'))"), {}, 0),
        (of("object.metadata.name.matches('^w') && semver('1.2.3').major() == 1"), {}, 0),
        (
            of("variables.few > 1", "variables: [{name: few, expression: object.spec.replicas}]\n"),
            {},
            1,
        ),
        (of("false", "matchConditions: [{expression: object.spec.replicas > 5}]\n"), {}, 0),
        (of("false", "kinds: [batch/Job]\n"), {}, 0),
        (of("false", "operations: [DELETE]\n"), {}, 0),
        (of("has(object.spec.strategy)"), {}, 1),
        (of("false", "fields: [/spec/paused]\n"), {}, 0),
        (of("false", "fields: [/spec/replicas]\n"), {}, 1),
        (of("resource.shown != 'Deployment default/web'"), {}, 1),
        (of("object.?spec.?strategy.hasValue()"), {}, 1),
    ],
)
def test_what_expressions_see(tmp_path, text, trial, wanted) -> None:
    own = rule(tmp_path, text)
    sides = {"before": DEPLOYMENT % 3, "after": DEPLOYMENT % 1}
    assert len(findings(own, **sides, **trial)) == wanted


def test_a_validation_of_each_item_says_which(tmp_path: Path) -> None:
    own = rule(
        tmp_path,
        """\
title: t
severity: warning
validations:
  - forEach: object.spec.template.spec.containers
    expression: item.image.startsWith('registry.example/')
    messageExpression: "item.name + ' runs ' + item.image"
    path: /spec/replicas
    severity: note
""",
    )
    finding_rows = findings(own, before=DEPLOYMENT % 3, after=DEPLOYMENT % 1)
    assert sorted(item.message for item in finding_rows) == ["side runs side:1", "web runs web:1"]
    assert {(item.severity, item.before, item.after) for item in finding_rows} == {("note", 3, 1)}


def test_a_rule_on_commands_and_one_on_histories(tmp_path: Path) -> None:
    flags = "invocation.flags['history-max'].state == 'set'"
    own = rule(tmp_path, of(flags, "subject: invocation\n"))
    assert messages(own, command="helm upgrade web ./web\n") == ["found"]
    assert messages(own, command="helm upgrade web ./web --history-max 5\n") == []
    of_history = rule(tmp_path, of("!history.locked", "subject: history\n"), "locked.yaml")
    rows = '[{"revision": 1, "updated": "2026-01-01T00:00:00Z", "status": "%s", "chart": "web-1"}]'
    assert messages(of_history, history=rows % "pending-upgrade") == ["found"]
    assert messages(of_history, history=rows % "deployed") == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (of("objct.spec.replicas > 1"), 4, "undeclared reference to 'objct'"),
        (of("object.spec."), 4, "<input>:1:13"),
        (of("object.spec.replicas > 1 &&"), 4, "Syntax error"),
        (of("1 + 1"), 4, "gives int, not a bool"),
        (of("size('a') == 'a'"), 4, "no matching overload"),
        (of("object.x.nosuch(1)"), 4, "nosuch"),
        (of("true", message="mesage: x"), 5, "did you mean message"),
        (of("true", "subject: release\nkinds: [Pod]\n"), 4, "kinds is of rules on one resource"),
        (of("object.a", "subject: release\n"), 5, "undeclared reference to 'object'"),
        (
            of("true").replace("severity: error", "severity: fatal"),
            2,
            "one of error, warning, note",
        ),
        (of("true").replace("title: t", "name: t"), 1, "unknown key 'name'"),
        ("title: t\nseverity: error\n", 1, "lacks validations"),
        ("title: t\nseverity: error\nvalidations: [{message: x}]\n", 3, "lacks expression"),
        ("kind: Deployment\ntitle: t\nseverity: error\nvalidations: []\n", 1, "did you mean kinds"),
        ("- a\n", 1, "a rule is a mapping"),
    ],
)
def test_a_rule_that_is_none_is_told_with_its_line(tmp_path, text, line, words) -> None:
    with pytest.raises(PolicylintError) as caught:
        rule(tmp_path, text)
    told = f"{caught.value} {caught.value.remedy}"
    assert words in told
    assert caught.value.line == line
    assert "own.yaml" in caught.value.file


@pytest.mark.parametrize(
    "expression",
    [
        "object.spec.nothing.more",
        "object.spec.replicas.startsWith('a')",
        "[1, 2][5] == 1",
        "1 / (object.spec.replicas - object.spec.replicas) == 1",
        "values.a == 1",
        "oldValues.a == 1",
        "history.locked",
        "object.spec.template",
    ],
)
def test_what_cannot_be_evaluated_is_unknown_never_a_pass(tmp_path, expression) -> None:
    own = rule(tmp_path, of(f"dyn({expression})" if "template" in expression else expression))
    with pytest.raises(PolicylintError, match="could not judge"):
        findings(own, after=DEPLOYMENT % 1)


LIST = "[1,2,3,4,5,6,7,8,9,10]"
DEEP = f"{LIST}.all(a, " * 9 + "true" + ")" * 9


@pytest.mark.parametrize(
    "expression",
    [
        DEEP,
        "(" * 300 + "true" + ")" * 300,
        "'a'.matches('" + "(a*)*" * 30 + "b')",
        f"{LIST}.map(a, {LIST}.map(b, {LIST}.map(c, {LIST}.map(d, {LIST}.map(e, {LIST})))))"
        ".size() > 0",
        "('"
        + "x" * 1000
        + "'.replace('x', '"
        + "y" * 1000
        + "')).replace('y', '"
        + "z" * 1000
        + "').size() > 0",
    ],
)
def test_no_expression_hangs_or_crashes(tmp_path, expression) -> None:
    begun = time.monotonic()
    try:
        own = rule(tmp_path, of(expression))
        findings(own, after=DEPLOYMENT % 1)
    except PolicylintError:
        pass  # refused, or unknown
    assert time.monotonic() - begun < 20


def test_a_rule_that_spends_too_much_is_unknown_once_not_for_each_resource(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rule(tmp_path, of(f"{LIST}.all(a, " * 6 + "true" + ")" * 6))
    texts = [DEPLOYMENT.replace("{name: web,", f"{{name: web-{n},") % 1 for n in range(40)]
    (tmp_path / "a.yaml").write_text("---\n".join(texts))
    words = ["--policies", "acme", "--select", "own", "--format", "json"]
    begun = time.monotonic()
    assert run(["check", "a.yaml", "--before", "a.yaml", *words]) == 2
    assert time.monotonic() - begun < 60
    assert len(json.loads(capsys.readouterr().out)["releases"][0]["failures"]) <= 12


def test_a_message_that_floods_is_the_plain_one(tmp_path: Path) -> None:
    flood = "messageExpression: \"'" + "x" * 6000 + "'\"\n    message: short"
    assert messages(rule(tmp_path, of("false", message=flood)), after=DEPLOYMENT % 1) == ["short"]


def test_examples_are_checked_with_their_words(tmp_path: Path) -> None:
    after = json.dumps(DEPLOYMENT % 1)
    text = of("false") + f"examples: [{{name: a, expect: fail, message: other, after: {after}}}]\n"
    with pytest.raises(AssertionError, match="it says 'found'"):
        assert_examples(rule(tmp_path, text))
    assert_examples(rule(tmp_path, text.replace("other", "found")))


PYTHON = '''\
"""Replicas are odd.

What happens: x. Why: y. What to do instead: z.
"""
from policylint import Category, Context, Created, Kept, Severity, Violation
from policylint.engine.rule import rule


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(change: Created | Kept, context: Context):
    if change.after.body["spec"]["replicas"] % 2:
        yield Violation("odd")
'''


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/many.yaml").write_text(of("object.spec.replicas > 1"))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/odd_replicas.py").write_text(PYTHON)
    (tmp_path / "a.yaml").write_text(DEPLOYMENT % 1)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str]]:
    code = run(["check", "a.yaml", "--before", "a.yaml", "--format", "json", *words])
    out = capsys.readouterr().out
    if not out:
        return code, []
    return code, [row["rule"] for row in json.loads(out)["releases"][0]["findings"]]


def test_packs_and_rules_in_python_judge_where_the_configuration_says_so(
    room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(capsys) == (0, [])
    assert check(capsys, "--policies", "policies") == (1, ["many"])
    assert check(capsys, "--policies", "policies/many.yaml") == (1, ["many"])
    (room / ".policylint.yaml").write_text("packs: [policies]\npython-rules: [rules]\n")
    assert check(capsys) == (1, ["many", "odd-replicas"])
    assert check(capsys, "--select", "policies") == (1, ["many"])
    (room / ".policylint.yaml").write_text("packs: [policies]\nrules: {many: note}\n")
    assert check(capsys) == (0, ["many"])
    (room / ".policylint.yaml").write_text("packs: [policies]\nrules: {nany: note}\n")
    assert check(capsys) == (2, [])


def test_a_pack_on_trial_fails_nothing_until_its_day(
    room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = "packs: [{path: policies, fail-on: never%s}]\n"
    for until, code in (("", 0), (", until: 2099-01-01", 0), (", until: 2020-01-01", 1)):
        (room / ".policylint.yaml").write_text(entry % until)
        assert check(capsys) == (code, ["many"])


def test_a_module_that_does_not_load_and_a_pack_that_is_not_there_are_errors(
    room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (room / "rules/odd_replicas.py").write_text("1 / 0\n")
    (room / ".policylint.yaml").write_text("python-rules: [rules]\n")
    assert run(["check", "a.yaml", "--before", "a.yaml"]) == 2
    assert "odd_replicas.py" in capsys.readouterr().err
    (room / ".policylint.yaml").write_text("packs: [gone]\n")
    assert run(["check", "a.yaml", "--before", "a.yaml"]) == 2
    assert "no pack is there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("expression", "hint"),
    [("object.metadata.labls.a == 'b'", "has(x.key)"), ("1 / 0 > object.data.size()", "")],
)
def test_a_rule_that_cannot_judge_says_how_to_mend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expression: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text(
        f'title: t\nseverity: error\nvalidations: [{{expression: "{expression}", message: m}}]\n'
    )
    Path("a.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {}}")
    report = checked(Options(after="a.yaml", before="a.yaml", policies=("own.yaml",)))
    (failure,) = report.releases[0].failures
    assert failure.remedy.startswith("mend the rule")
    assert failure.remedy.endswith("leave it out with --ignore own")
    assert (hint in failure.remedy) and ("has(x.key)" in failure.remedy) == bool(hint)
