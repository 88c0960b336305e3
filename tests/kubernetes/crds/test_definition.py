"""CustomResourceDefinitions judged: created, changed, wrongly typed, with rules that cost too
much."""

import base64
import copy
from pathlib import Path

import pytest

from policylint.kubernetes.crds import judge_crd, validate_crd, validate_crd_update
from policylint.model import Outcome, Target

TARGET = Target("1.36")


def definition(*, spec=None, rules=(), schema=None):
    spec_schema = {"type": "object", "properties": schema or {"size": {"type": "integer"}}}
    if rules:
        spec_schema["x-kubernetes-validations"] = list(rules)
    root = {"type": "object", "properties": {"spec": spec_schema}}
    body = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Database", "plural": "databases"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}}
        ],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "databases.example.com"},
        "spec": {**body, **(spec or {})},
    }


def with_version(name, storage):
    crd = copy.deepcopy(definition())
    versions = crd["spec"]["versions"]
    versions.append({**copy.deepcopy(versions[0]), "name": name, "storage": storage})
    versions[0]["storage"] = not storage
    return crd


def test_a_plain_definition_is_accepted_as_it_is():
    crd = definition()
    before = copy.deepcopy(crd)
    assert judge_crd(crd, None, TARGET).outcome is Outcome.ACCEPTED
    assert judge_crd(crd, crd, TARGET).outcome is Outcome.ACCEPTED
    assert crd == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scope": "Cluster"}, "spec.scope"),
        ({"names": {"kind": "Db", "plural": "databases"}}, "spec.names.kind"),
        ({"names": {"kind": "Database", "plural": "dbs"}}, "spec.names.plural"),
        ({"group": "example.org"}, "spec.group"),
    ],
)
def test_what_identifies_a_kind_cannot_change(change, field):
    causes = validate_crd_update(definition(), definition(spec=change))
    assert [(cause.field, cause.topic) for cause in causes] == [(field, "crd-change-refused")]
    assert causes[0].message.endswith("field is immutable")


def test_a_stored_version_cannot_be_dropped():
    moved = with_version("v2", storage=True)
    assert judge_crd(moved, definition(), TARGET).outcome is Outcome.ACCEPTED
    dropped = copy.deepcopy(moved)
    del dropped["spec"]["versions"][0]
    causes = validate_crd_update(definition(), dropped)
    assert [cause.field for cause in causes] == ["status.storedVersions[0]"]
    assert "v1 was previously a storage version" in causes[0].message


def test_the_live_objects_status_says_what_is_stored():
    live = {**with_version("v2", storage=True), "status": {"storedVersions": ["v2"]}}
    only_v2 = copy.deepcopy(live)
    del only_v2["spec"]["versions"][0], only_v2["status"]
    assert judge_crd(only_v2, live, TARGET).outcome is Outcome.ACCEPTED
    assert judge_crd(only_v2, with_version("v2", storage=False), TARGET).outcome is Outcome.REJECTED


def test_a_definition_that_cannot_be_decoded_is_refused_without_a_traceback():
    broken = definition()
    broken["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"] = "none"
    causes = validate_crd(broken)
    assert [cause.field for cause in causes] == [
        "spec.versions[0].schema.openAPIV3Schema.properties"
    ]


def test_a_field_that_the_schema_does_not_have_stops_the_rule():
    causes = validate_crd(definition(rules=[{"rule": "self.sise > 1"}]))
    assert len(causes) == 1
    assert (
        "ERROR: <input>:1:5: undefined field 'sise'\n | self.sise > 1\n | ....^"
        in causes[0].message
    )


@pytest.mark.parametrize(
    ("limits", "accepted"), [({"maxItems": 5, "maxLength": 10}, True), ({}, False)]
)
def test_a_rule_is_priced_by_the_limits_of_its_schema(limits, accepted):
    items = {"type": "string"} | {
        name: value for name, value in limits.items() if name == "maxLength"
    }
    names = {"type": "array", "items": items} | {
        name: value for name, value in limits.items() if name == "maxItems"
    }
    rule = {"rule": "self.names.all(a, self.names.exists_one(b, a == b))"}
    causes = validate_crd(definition(rules=[rule], schema={"names": names}))
    assert (causes == ()) is accepted
    assert all(
        "exceeds budget" in cause.message or "contributed to" in cause.message for cause in causes
    )


def test_a_function_newer_than_the_server_before_last_is_refused_in_new_rules_only():
    text = {"v": {"type": "string", "maxLength": 20}}
    crd = definition(rules=[{"rule": "isSemver(self.v)"}], schema=text)
    assert judge_crd(crd, None, Target("1.33")).outcome is Outcome.REJECTED
    assert judge_crd(crd, None, Target("1.34")).outcome is Outcome.ACCEPTED
    assert judge_crd(crd, crd, Target("1.33")).outcome is Outcome.ACCEPTED


def test_transition_rules_need_items_that_correlate():
    item = {
        "type": "string",
        "maxLength": 5,
        "x-kubernetes-validations": [{"rule": "self == oldSelf"}],
    }
    causes = validate_crd(
        definition(schema={"names": {"type": "array", "maxItems": 3, "items": item}})
    )
    assert [cause.message.rpartition(": ")[2] for cause in causes] == [
        "oldSelf cannot be used on the uncorrelatable portion of the schema within "
        "spec.validation.openAPIV3Schema.properties[spec].properties[names]"
    ]


def test_a_default_must_be_valid_itself():
    causes = validate_crd(
        definition(schema={"size": {"type": "integer", "minimum": 5, "default": 1}})
    )
    assert [cause.field.rpartition(".")[2] for cause in causes] == ["default"]


def test_an_expression_that_cannot_be_compiled_here_leaves_the_answer_open():
    rule = {"rule": "google.protobuf.Duration{seconds: 1} == duration('1s')"}
    answer = judge_crd(definition(rules=[rule]), None, TARGET)
    assert answer.outcome is Outcome.DEPENDS
    assert "google.protobuf.Duration" in answer.unknowns[0].what


def converted_by(**client):
    webhook = {"clientConfig": client, "conversionReviewVersions": ["v1"]}
    return definition(spec={"conversion": {"strategy": "Webhook", "webhook": webhook}})


def fields_of(new, old, minor="1.37"):
    return [cause.field for cause in judge_crd(new, old, Target(minor)).causes]


@pytest.mark.parametrize(
    ("client", "field"),
    [
        ({"url": " https://hooks.example/convert"}, ".url"),
        ({"url": "https://u@hooks.example/"}, ".url"),
        ({"url": "https:///convert"}, ".url"),
        ({"service": {"name": "s", "namespace": "n", "path": "/a//b"}}, ".service.path"),
        ({"service": {"name": "s", "namespace": "n", "path": "/A"}}, ".service.path"),
        ({"service": {"name": "s", "namespace": "n", "port": 0}}, ".service.port"),
    ],
)
def test_a_conversion_webhook_is_reached_as_an_admission_webhook_is(client, field):
    """As kube-apiserver 1.37.2 answers."""
    at = "spec.conversion.webhookClientConfig"
    assert fields_of(converted_by(**client), None) == [at + field]


URL = {"url": "https://hooks.example/convert"}
CERTIFICATE = (Path(__file__).parent / "certificate.pem").read_text()


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("bundle", "refused"),
    [
        (CERTIFICATE, False),
        (f"text before\n{CERTIFICATE}", False),
        (CERTIFICATE.replace("\n", "\r\n"), False),
        (CERTIFICATE.replace("MII", "MIJ", 1) + CERTIFICATE, False),
        ("\n", True),
        ("no certificate", True),
        (CERTIFICATE.replace("MII", "MIJ", 1), True),
        (CERTIFICATE.replace("\n", "\n  "), True),
        (CERTIFICATE.replace("CERTIFICATE", "PRIVATE KEY"), True),
    ],
)
def test_a_live_definition_does_not_get_certificates_that_cannot_be_read(bundle, refused):
    """As kube-apiserver 1.37.2 answers; a new definition may wait for its certificates."""
    after = converted_by(**URL, caBundle=encoded(bundle))
    at = ["spec.conversion.webhookClientConfig.caBundle"] if refused else []
    assert fields_of(after, converted_by(**URL)) == at
    assert fields_of(after, definition()) == at
    assert fields_of(after, definition(), minor="1.30") == []
    assert fields_of(after, None) == []
    assert fields_of(after, converted_by(**URL, caBundle=encoded("x"))) == []
