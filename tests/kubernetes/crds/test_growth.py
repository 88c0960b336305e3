"""Custom resources and CRDs of any size are judged in linear time, and in bounded depth."""

import copy
import sys
import time

import pytest

from policylint.kubernetes import crds
from policylint.model import Outcome, Target

TARGET = Target("1.34")


def seconds(call):
    """The least processor time of three runs, as the machine may be busy."""
    timings = []
    for _ in range(3):
        start = time.process_time()
        call()
        timings.append(time.process_time() - start)
    return min(timings)


def calls(run):
    """How many functions of Python a run calls: the same on any machine, however busy."""
    counted = 0

    def count(_frame, event, _argument):
        nonlocal counted
        counted += event == "call"

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(None)
    return counted


def definition(schema):
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {"type": "object", "properties": {"spec": schema}}
                    },
                }
            ],
        },
    }


def widget(spec):
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": spec,
    }


def judged(schema, spec, old=None):
    before = widget(old) if old is not None else None
    return crds.validate_custom(widget(spec), before, definition(schema), TARGET)


PORTS = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    "items": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "port": {"type": "integer", "maximum": 10},
        },
        "x-kubernetes-validations": [{"rule": "oldSelf.port <= self.port"}],
    },
    "x-kubernetes-validations": [{"rule": "self == oldSelf"}],
}


def test_a_map_list_is_compared_with_its_old_one_in_linear_time():
    def run(size):
        # the port is above its maximum, so that every item asks whether it is forgiven
        items = [{"name": f"p{at}", "port": 11} for at in range(size)]
        answer = judged(PORTS, items, copy.deepcopy(items[::-1]))
        assert answer.outcome is Outcome.ACCEPTED

    small, large = seconds(lambda: run(150)), seconds(lambda: run(1_500))
    assert large < 40 * small + 0.05


def test_a_pattern_of_a_schema_takes_linear_time():
    def run(size):
        answer = judged({"type": "string", "pattern": "^(a+)+$"}, "a" * size + "!")
        assert answer.outcome is Outcome.REJECTED

    small, large = seconds(lambda: run(10_000)), seconds(lambda: run(100_000))
    assert large < 40 * small + 0.05


def test_rules_of_one_resource_share_a_budget(monkeypatch):
    monkeypatch.setattr("policylint.kubernetes.crds.rules.PER_OBJECT", 300_000)
    rule = {"rule": "self.all(a, a >= 0)"}
    schema = {
        "type": "array",
        "items": {
            "type": "array",
            "items": {"type": "integer"},
            "x-kubernetes-validations": [rule] * 50,
        },
    }
    answer = judged(schema, [list(range(1_000))] * 50)
    assert answer.outcome is Outcome.DEPENDS
    assert "costs more" in answer.unknowns[0].what
    assert len(answer.unknowns) < 50


def test_behind_a_rule_that_costs_too_much_no_other_is_run():
    rules = [{"rule": "self.all(a, self.all(b, a + b >= 0))"}, {"rule": "false"}]
    schema = {
        "type": "array",
        "items": {"type": "integer"},
        "x-kubernetes-validations": rules,
    }
    answer = judged(schema, list(range(2_000)))
    assert (answer.outcome, answer.causes, len(answer.unknowns)) == (Outcome.DEPENDS, (), 1)


def wide(depth, width):
    if depth == 0:
        return {"type": "string", "description": "x" * 80, "pattern": "^[a-z]+$"}
    fields = {f"f{at}": wide(depth - 1, width) for at in range(width)}
    return {"type": "object", "properties": fields}


@pytest.mark.parametrize("change", ["metadata", "spec"])
def test_a_schema_that_did_not_change_is_not_judged_again(change):
    old = definition(wide(3, 10))
    new = copy.deepcopy(old)
    if change == "metadata":
        new["metadata"]["labels"] = {"app": "widgets"}
    else:
        new["spec"]["names"]["shortNames"] = ["wd"]
    assert crds.judge_crd(new, old, TARGET).outcome is Outcome.ACCEPTED
    created = calls(lambda: crds.judge_crd(new, None, TARGET))
    replaced = calls(lambda: crds.judge_crd(new, old, TARGET))
    assert replaced < created * (0.2 if change == "metadata" else 0.8)


def test_a_schema_that_did_change_is_judged_whole():
    old = definition({"type": "string"})
    new = definition({"type": "string", "pattern": "("})
    answer = crds.judge_crd(new, old, TARGET)
    assert answer.outcome is Outcome.REJECTED


def test_an_old_schema_is_judged_when_unknown_fields_are_no_longer_kept():
    old = definition({"properties": {}})
    old["spec"]["preserveUnknownFields"] = True
    new = copy.deepcopy(old)
    new["spec"]["preserveUnknownFields"] = False
    assert crds.judge_crd(new, old, TARGET).outcome is Outcome.REJECTED


def deep(depth):
    schema, value = {"type": "string"}, "x"
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
        value = {"a": value}
    return schema, value


def test_what_is_nested_too_deeply_is_unknown():
    schema, value = deep(5_000)
    assert crds.judge_crd(definition(schema), None, TARGET).outcome is Outcome.DEPENDS
    assert judged(schema, value).outcome is Outcome.DEPENDS
    assert crds.stored_custom(widget(value), None, definition(schema)) == widget(value)
