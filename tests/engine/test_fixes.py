"""Fixes are tried: a case with its fix carried out has the finding no more, and nothing worse.

`fixtures/rules/RULE/CASE/fixed-N/` holds the files of the case that the N-th fix changes; the rest
stays as it is.
"""

import shutil
from pathlib import Path

import pytest

from policylint.engine.registry import shipped
from policylint.kyaml.load import load
from policylint.model import Severity
from tests.cases import ROOT, RULES, RuleCase, judged, rule_cases

TRIED = sorted(RULES.glob("*/fail-*/fixed-*"))
UNTRIED = load((ROOT / "fixtures" / "untried.yaml").read_text(), "untried.yaml")
"""The rules whose fixes no case carries out yet, and why."""


def of_rule(report, rule):
    return [finding for finding in report.findings if finding.rule == rule]


def errors(report):
    return {
        (finding.rule, finding.resource)
        for finding in report.findings
        if finding.severity is Severity.ERROR
    }


def fixed_case(fixed: Path, room: Path) -> RuleCase:
    """The case with the files of the fix in place of its own; an empty file takes one away."""
    shutil.copytree(fixed.parent, room, ignore=shutil.ignore_patterns("fixed-*"))
    for file in (file for file in fixed.rglob("*") if file.is_file()):
        target = room / file.relative_to(fixed)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        if not file.read_bytes():
            target.unlink()
    return RuleCase(fixed.parent.parent.name, room)


@pytest.mark.parametrize("fixed", TRIED, ids=[str(fixed.relative_to(RULES)) for fixed in TRIED])
def test_a_fix_that_is_carried_out(fixed, tmp_path):
    case = RuleCase(fixed.parent.parent.name, fixed.parent)
    before = judged(case)
    fixes = of_rule(before, case.rule)[0].fixes
    assert 1 <= int(fixed.name.removeprefix("fixed-")) <= len(fixes)
    after = judged(fixed_case(fixed, tmp_path / fixed.parent.name))
    assert after.failures == ()
    assert of_rule(after, case.rule) == []
    assert errors(after) <= errors(before)


def test_every_rule_has_its_fix_tried_or_says_why_not():
    """The list of those that are not only gets shorter."""
    tried = {fixed.parent.parent.name for fixed in TRIED}
    fixing = {case.rule for case in rule_cases() if case.fails}
    assert fixing - tried == UNTRIED.keys()


@pytest.mark.heavy
def test_no_fix_repeats_its_message():
    for case in (case for case in rule_cases() if case.fails):
        for finding in of_rule(judged(case), case.rule):
            for fix in finding.fixes:
                assert fix.title.lower() != finding.message.lower()
                assert finding.message not in fix.steps


def test_the_list_names_rules():
    assert UNTRIED.keys() <= {rule.id for rule in shipped()}
