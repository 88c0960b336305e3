"""Custom resources judged by a CRD: schema, unknown fields, nulls, status, ratcheting, transition
rules."""

import copy

import pytest

from policylint.kubernetes.crds import validate_custom
from policylint.model import Apply, Outcome, Target

CLIENT, SERVER = Target("1.36", "3", Apply.CLIENT_SIDE), Target("1.36", "4", Apply.SERVER_SIDE)


def crd(spec, **version):
    schema = {"type": "object", "properties": {"spec": spec, "status": {"type": "object"}}}
    entry = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        **version,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "databases.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Database", "plural": "databases"},
            "versions": [entry],
        },
    }


def resource(spec, **more):
    return {
        "apiVersion": "example.com/v1",
        "kind": "Database",
        "metadata": {"name": "db"},
        "spec": spec,
        **more,
    }


def judge(schema, new, old=None, target=SERVER, **version):
    before = resource(old) if old is not None else None
    return validate_custom(resource(new), before, crd(schema, **version), target)


def messages(answer):
    return [(cause.field, cause.message) for cause in answer.causes]


SIZED = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "engine": {"type": "string", "enum": ["postgres", "mysql"]},
        "note": {"type": "string", "nullable": True, "maxLength": 5},
        "replicas": {"type": "integer", "default": 3},
    },
}


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({}, "spec.size", "Required value"),
        (
            {"size": "1"},
            "spec.size",
            'Invalid value: "string": spec.size in body must be of type integer: "string"',
        ),
        (
            {"size": 0},
            "spec.size",
            "Invalid value: 0: spec.size in body should be greater than or equal to 1",
        ),
        (
            {"size": 1, "engine": "x"},
            "spec.engine",
            'Unsupported value: "x": supported values: "postgres", "mysql"',
        ),
        ({"size": 1, "note": "longer"}, "spec.note", "Too long: may not be more than 5 bytes"),
    ],
)
def test_the_schema_refuses_in_the_servers_words(spec, field, message):
    answer = judge(SIZED, spec)
    assert answer.outcome is Outcome.REJECTED
    assert messages(answer) == [(field, message)]


def test_a_valid_resource_is_accepted_and_left_as_it_is():
    new, definition = resource({"size": 2, "note": None}), crd(SIZED)
    before = copy.deepcopy((new, definition))
    assert validate_custom(new, None, definition, SERVER).outcome is Outcome.ACCEPTED
    assert (new, definition) == before


def test_unknown_fields_are_dropped_client_side_and_refused_server_side():
    spec = {"size": 1, "sise": 2}
    assert judge(SIZED, spec, target=CLIENT).outcome is Outcome.ACCEPTED
    answer = judge(SIZED, spec, target=SERVER)
    assert messages(answer) == [(".spec.sise", ".spec.sise: field not declared in schema")]
    assert answer.causes[0].topic == "unknown-field"


def test_nulls_are_dropped_client_side_and_judged_server_side():
    assert judge(SIZED, {"size": 1, "engine": None}, target=CLIENT).outcome is Outcome.ACCEPTED
    assert judge(SIZED, {"size": 1, "engine": None}, target=SERVER).outcome is Outcome.REJECTED


def test_defaults_count_before_rules_are_checked():
    schema = {**SIZED, "x-kubernetes-validations": [{"rule": "self.replicas == 3"}]}
    assert judge(schema, {"size": 1}).outcome is Outcome.ACCEPTED


def test_a_version_that_is_not_served_is_refused():
    answer = validate_custom(resource({"size": 1}), None, crd(SIZED, served=False), SERVER)
    assert answer.outcome is Outcome.REJECTED
    assert "no matches for kind 'Database' in version 'example.com/v1'" in answer.causes[0].message


def test_unchanged_invalid_values_are_forgiven_on_update_from_1_30():
    assert judge(SIZED, {"size": 99, "replicas": 4}, {"size": 99}).outcome is Outcome.ACCEPTED
    assert judge(SIZED, {"size": 98}, {"size": 99}).outcome is Outcome.REJECTED
    assert (
        judge(SIZED, {"size": 99, "replicas": 4}, {"size": 99}, Target("1.29")).outcome
        is Outcome.REJECTED
    )


def test_unchanged_values_forgive_rules_but_not_transition_rules():
    rule = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
    state = {**rule, "x-kubernetes-validations": [{"rule": "self.a > 5"}]}
    nested = {"type": "object", "properties": {"x": state, "y": {"type": "integer"}}}
    assert (
        judge(nested, {"x": {"a": 1}, "y": 2}, {"x": {"a": 1}, "y": 1}).outcome is Outcome.ACCEPTED
    )
    assert (
        judge(nested, {"x": {"a": 2}, "y": 2}, {"x": {"a": 1}, "y": 1}).outcome is Outcome.REJECTED
    )


def test_status_is_left_alone_where_it_is_a_subresource():
    schema = {"type": "object", "properties": {"size": {"type": "integer"}}}
    definition = crd(schema, subresources={"status": {}})
    new = {**resource({"size": 1}), "status": "not an object"}
    assert validate_custom(new, None, definition, SERVER).outcome is Outcome.ACCEPTED
    assert validate_custom(new, None, crd(schema), SERVER).outcome is Outcome.REJECTED


def test_replicas_of_the_scale_subresource_are_a_count():
    schema = {"type": "object", "properties": {"replicas": {"type": "integer"}}}
    scale = {
        "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    }
    answer = validate_custom(
        resource({"replicas": -1}), None, crd(schema, subresources=scale), SERVER
    )
    assert messages(answer) == [
        (".spec.replicas", "Invalid value: -1: should be a non-negative integer")
    ]


def keyed(**item):
    rule = {"rule": "self.size >= oldSelf.size", "message": "size may only grow"}
    entry = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
        "x-kubernetes-validations": [rule],
    }
    return {"type": "object", "properties": {"disks": {"type": "array", "items": entry, **item}}}


MAP_LIST = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}


def test_items_of_map_lists_are_compared_by_their_keys():
    old = {"disks": [{"name": "a", "size": 1}, {"name": "b", "size": 9}]}
    grown = {"disks": [{"name": "b", "size": 9}, {"name": "a", "size": 2}]}
    shrunk = {"disks": [{"name": "b", "size": 8}, {"name": "c", "size": 1}]}
    assert judge(keyed(**MAP_LIST), grown, old).outcome is Outcome.ACCEPTED
    assert messages(judge(keyed(**MAP_LIST), shrunk, old)) == [
        ("spec.disks[0]", "Invalid value: size may only grow"),
    ]


def test_items_of_other_lists_have_no_old_value():
    assert (
        judge(
            keyed(), {"disks": [{"name": "a", "size": 1}]}, {"disks": [{"name": "a", "size": 5}]}
        ).causes
        == ()
    )


def test_duplicate_keys_are_refused_unless_they_were_there():
    twice = {"disks": [{"name": "a", "size": 1}, {"name": "a", "size": 2}]}
    answer = judge(keyed(**MAP_LIST), twice, target=CLIENT)
    assert messages(answer) == [("spec.disks[1]", 'Duplicate value: {"name":"a"}')]
    assert judge(keyed(**MAP_LIST), twice, twice, CLIENT).outcome is Outcome.ACCEPTED
    assert judge(keyed(**MAP_LIST), twice, twice, SERVER).outcome is Outcome.REJECTED


def test_a_rule_that_cannot_be_run_makes_the_answer_depend_and_is_named():
    schema = {
        "type": "string",
        "x-kubernetes-validations": [{"rule": r"self.matches('^\\p{Letter}+$')"}],
    }
    answer = judge({"type": "object", "properties": {"v": schema}}, {"v": "a"})
    assert answer.outcome is Outcome.DEPENDS
    assert "\\p{Letter}" in answer.unknowns[0].what
    assert "kubectl" in answer.unknowns[0].how


def test_a_rules_own_failure_is_a_refusal_with_its_reason():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.a > self.b"}],
    }
    answer = judge(schema, {"a": 1})
    assert messages(answer) == [
        ("spec", 'Invalid value: "object": no such key: b evaluating rule: self.a > self.b')
    ]


def test_metadata_names_are_visible_at_the_root():
    definition = crd({"type": "object", "properties": {}})
    root = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    root["x-kubernetes-validations"] = [{"rule": "self.metadata.name.startsWith('db')"}]
    assert validate_custom(resource({}), None, definition, SERVER).outcome is Outcome.ACCEPTED
    renamed = {**resource({}), "metadata": {"name": "web"}}
    assert validate_custom(renamed, None, definition, SERVER).outcome is Outcome.REJECTED


def test_a_crd_that_cannot_be_decoded_leaves_the_answer_open():
    broken = crd({"type": "object", "properties": ["size"]})
    answer = validate_custom(resource({"size": 1}), None, broken, SERVER)
    assert answer.outcome is Outcome.DEPENDS
    assert "properties[spec].properties" in answer.unknowns[0].what


META = {"type": "object", "properties": {"name": {"type": "string"}}}
EMBEDDED = {
    "type": "object",
    "x-kubernetes-embedded-resource": True,
    "properties": {"metadata": META, "spec": {"type": "object"}},
}


@pytest.mark.parametrize(
    ("schema", "value", "outcome"),
    [
        (EMBEDDED, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}, True),
        (EMBEDDED, {"apiVersion": "v1", "kind": "Pod"}, True),
        (EMBEDDED, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a/b"}}, False),
        (EMBEDDED, {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "A_"}}, False),
        (EMBEDDED, {"apiVersion": "v1", "kind": "P", "metadata": {"labels": {"a": "x y"}}}, False),
        (EMBEDDED, {"apiVersion": "v1", "kind": "%"}, False),
        (EMBEDDED, {"apiVersion": "a/b/c", "kind": "Pod"}, False),
        ({"type": "number", "format": "float"}, 3.74e38, False),
        ({"type": "number", "format": "float"}, 3.4e38, True),
        ({"type": "number", "format": "double"}, 3.74e38, True),
        (
            {
                "nullable": True,
                "x-kubernetes-int-or-string": True,
                "anyOf": [{"type": "integer"}, {"type": "string"}],
            },
            None,
            True,
        ),
    ],
)
def test_what_kubernetes_own_tests_send_is_judged_as_its_server_does(schema, value, outcome):
    answer = judge({"type": "object", "properties": {"a": schema}}, {"a": value})
    assert (answer.outcome is Outcome.ACCEPTED) is outcome


def test_a_rule_sees_all_of_a_metadata_that_declares_what_every_resource_has():
    text = {"type": "string"}
    names = dict.fromkeys(("name", "generateName", "namespace"), text)
    schema = {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "properties": {
            "apiVersion": text,
            "kind": text,
            "metadata": {"type": "object", "properties": names},
        },
        "x-kubernetes-validations": [{"rule": "self.metadata.namespace == 'a'"}],
    }
    for namespace, outcome in (("a", Outcome.ACCEPTED), ("b", Outcome.REJECTED)):
        value = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace}}
        spec = {"type": "object", "properties": {"a": schema}}
        assert judge(spec, {"a": value}).outcome is outcome


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ("optional.ofNonZeroValue(timestamp('0001-01-01T00:00:00Z')).hasValue()", "rejected"),
        ("optional.ofNonZeroValue(timestamp('1970-01-01T00:00:00Z')).hasValue()", "accepted"),
    ],
)
def test_the_zero_time_is_the_first_year(rule, outcome):
    schema = {"type": "object", "x-kubernetes-validations": [{"rule": rule}]}
    assert judge(schema, {}).outcome.value == outcome
