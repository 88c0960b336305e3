"""The one function that combines verdicts, and what findings and failures make of a release."""

import itertools

import pytest

from policylint.engine.evaluate import evaluate
from policylint.engine.judging import verdict
from policylint.engine.rule import Context, Rule
from policylint.errors import RuleFailure
from policylint.kubernetes.api.schemas import NEWEST
from policylint.model import (
    Category,
    Confidence,
    Deleted,
    Direction,
    Finding,
    Kept,
    Origin,
    Resource,
    ResourceId,
    Severity,
    Target,
    Verdict,
    Violation,
    combine,
)
from policylint.redaction.redactor import Redactor

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
TRUTH = {
    (PASS, PASS): PASS,
    (PASS, FAIL): FAIL,
    (PASS, UNKNOWN): UNKNOWN,
    (FAIL, FAIL): FAIL,
    (FAIL, UNKNOWN): UNKNOWN,
    (UNKNOWN, UNKNOWN): UNKNOWN,
}


@pytest.mark.parametrize(("pair", "expected"), TRUTH.items())
def test_truth_table(pair, expected):
    for order in itertools.permutations(pair):
        assert combine(order) is expected
    assert combine([pair[0]]) is pair[0]


def test_nothing_at_all_is_unknown():
    assert combine([]) is UNKNOWN


def test_exit_codes():
    assert [verdict.exit_code for verdict in (PASS, FAIL, UNKNOWN)] == [0, 1, 2]


def finding(severity):
    return Finding(
        "r", Category.PRACTICE, severity, Confidence.CERTAIN, Direction.UPGRADE, "m", "b", "f"
    )


@pytest.mark.parametrize("fail_on", Severity)
@pytest.mark.parametrize("severity", Severity)
def test_fail_on_names_the_lowest_severity_that_fails(severity, fail_on):
    order = [Severity.NOTE, Severity.WARNING, Severity.ERROR]
    expected = FAIL if order.index(severity) >= order.index(fail_on) else PASS
    assert verdict([finding(severity)], [], fail_on) is expected


def test_a_failure_makes_a_failing_release_unknown():
    assert verdict([finding(Severity.ERROR)], [RuleFailure("r", "m")], Severity.ERROR) is UNKNOWN


def resource(kind="ConfigMap", name="a", **body):
    identity = ResourceId("", kind, "default", name)
    return Resource(identity, "v1", {"apiVersion": "v1", "kind": kind, **body}, Origin("t.yaml", 3))


def make(check, *subjects):
    return Rule(
        "probe",
        subjects,
        Category.PRACTICE,
        Severity.NOTE,
        Confidence.CERTAIN,
        "0.1",
        "t",
        "p",
        check,
    )


def run(rule, *subjects, redactor=None):
    return evaluate([rule], subjects, Context(Target(NEWEST)), redactor or Redactor())


def test_rules_are_dispatched_by_type():
    seen = []
    rule = make(lambda subject, context: seen.append(subject) or [], Deleted)
    kept, deleted = Kept(resource(), resource()), Deleted(resource())
    assert run(rule, kept, deleted) == ((), ())
    assert seen == [deleted]


def test_a_rule_that_crashes_is_a_failure_and_the_others_go_on():
    def crash(subject, context):
        raise KeyError("spec")

    findings, failures = run(make(crash, Deleted), Deleted(resource()))
    assert findings == ()
    (failure,) = failures
    assert failure.rule == "probe"
    assert failure.resource.name == "a"
    assert "KeyError" in failure.message
    assert "--ignore probe" in failure.remedy


def test_findings_take_their_place_and_secret_values_are_masked():
    def check(change, context):
        yield Violation(
            "the password hunter22 leaks", path="/data/password", before="aHVudGVyMjI=", after="x"
        )

    secret = resource("Secret", data={"password": "aHVudGVyMjI="})
    (finding,), _ = run(make(check, Deleted), Deleted(secret), redactor=Redactor.of([secret]))
    assert "hunter22" not in repr(finding)
    assert "aHVudGVyMjI=" not in repr(finding)
    assert finding.before == finding.after == "(redacted)"
    assert finding.locations[0].file == "t.yaml"


def test_the_order_of_findings_does_not_depend_on_the_order_of_subjects():
    rule = make(lambda change, context: [Violation(f"about {change.id.name}")], Deleted)
    subjects = [Deleted(resource(name=name)) for name in "cab"]
    assert run(rule, *subjects) == run(rule, *reversed(subjects))
    assert [finding.resource.name for finding in run(rule, *subjects)[0]] == ["a", "b", "c"]


def test_fingerprints_are_stable_and_tell_changes_apart():
    def say(path):
        return make(lambda change, context: [Violation("m", path=path, after=1)], Deleted)

    def print_of(path, name):
        return run(say(path), Deleted(resource(name=name)))[0][0].fingerprint

    assert print_of("/a", "x") == print_of("/a", "x")
    assert len({print_of("/a", "x"), print_of("/b", "x"), print_of("/a", "y")}) == 3
