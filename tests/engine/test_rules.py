"""Every rule: a failing and a passing case, one reviewable snapshot of what it says."""

import pytest

from policylint.engine.registry import shipped
from policylint.report.formats.text import of_finding
from tests.cases import judged, rule_cases

CASES = rule_cases()
RULES = shipped()


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_case(case, snapshot):
    report = judged(case)
    assert report.failures == ()
    finding_rows = [finding for finding in report.findings if finding.rule == case.rule]
    assert bool(finding_rows) is case.fails
    if case.fails:
        assert "\n\n".join(map(of_finding, finding_rows)) == snapshot


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_rule_has_a_failing_and_a_passing_case(rule):
    outcomes = {case.fails for case in CASES if case.rule == rule.id}
    outcomes |= {example["expect"] == "fail" for example in rule.examples}
    assert outcomes == {True, False}


def test_every_case_belongs_to_a_rule():
    assert {case.rule for case in CASES} <= {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_page_says_what_happens_why_and_what_to_do_instead(rule):
    for part in ("What happens", "Why", "What to do instead"):
        assert part in rule.page
    assert rule.title
    assert len(rule.title) < 100


def test_a_run_loads_every_rule_on_its_subjects():
    for rule in RULES:
        for subject in rule.subjects:
            assert rule in shipped(frozenset({subject}))
