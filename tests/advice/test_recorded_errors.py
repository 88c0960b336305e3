"""Every recorded error gets an explanation, under the topic that its own fields and reasons call
for."""

import json
import re

import pytest

from policylint.advice.errors import explain
from tests import oracle

FIELDS = ("fields-1.30", "fields-1.34", "fields-1.36")
WORDS = {  # the server's own words -> the rule; the first that fits counts
    "updates to statefulset spec": "statefulset-immutable-field",
    "duplicate entries for key": "duplicate-list-key",
    "cannot change roleRef": "role-ref-changed",
    "when `immutable` is set": "immutable-config-changed",
    "can not be less than": "claim-shrunk",
    "for bound claims": "claim-immutable-field",
    "clusterIPs[0]": "service-cluster-ip-changed",
    "immutable": "immutable-field",
    "may not change": "immutable-field",
    "may not be changed": "immutable-field",
    "are forbidden": "immutable-field",
    "may not add or remove containers": "immutable-field",
    "existing toleration": "immutable-field",
    "only deletion is allowed": "immutable-field",
}
KINDS = {"Job": "job-template-changed"}


def expected(row):
    error = row["error"]["message"]
    if row["kind"] in KINDS and "typed patch" not in error:
        return KINDS[row["kind"]]
    if "must appear in spec.versions" in error:
        return "stored-versions"
    if row["kind"] == "CustomResourceDefinition":
        moved = "field is immutable" in error or "missing from spec.versions" in error
        return "crd-change-refused" if moved else "invalid-object"
    if row["kind"] == "Deployment" and "spec.selector" in error:
        return "selector-changed"
    if row["kind"] == "PersistentVolumeClaim" and "volumeMode" in error:
        return "claim-shrunk" if "less than" in error else "claim-immutable-field"
    return next((topic for words, topic in WORDS.items() if words in error), "invalid-object")


@pytest.mark.heavy
@pytest.mark.parametrize("recording", FIELDS)
def test_a_refused_change_of_one_field(recording):
    wrong = {}
    errors = {
        row["error"]["message"]: row
        for row in oracle.rows(recording)
        if row["verdict"] == "rejected"
    }
    assert errors
    for message, row in errors.items():
        explanation = explain(message)
        if explanation is None or explanation.topic != expected(row):
            wrong[message[:200]] = (explanation and explanation.topic, expected(row))
    assert wrong == {}


@pytest.mark.heavy
def test_what_the_server_names_is_extracted():
    for row in oracle.rows("fields-1.36"):
        causes = row.get("error", {}).get("causes") or []
        if row["verdict"] == "rejected" and len(causes) == 1 and causes[0]["field"]:
            explanation = explain(row["error"]["message"])
            assert (explanation.kind, explanation.field) == (row["kind"], causes[0]["field"]), row[
                "error"
            ]["message"][:300]
            assert explanation.name == row["before"]["metadata"]["name"]


def messages():
    for row in oracle.rows("scenarios-1.36"):
        for line in ("helm3", "helm4"):
            for way in ("forward", "rollback"):
                answer = row[line].get(way)
                if isinstance(answer, dict) and answer.get("message"):
                    yield answer["message"]
    for row in oracle.rows("modes"):
        yield row.get("error") or ""
    for row in oracle.rows("cel-1.36"):
        for error in (row.get("error"), row.get("crd_rejected")):
            yield error if isinstance(error, str) else (error or {}).get("message", "")
    for file in sorted(oracle.ROOT.glob("states/*/state.json")):
        output = json.loads(file.read_text()).get("stderr") or ""
        yield output if isinstance(output, str) else ""


def test_every_other_recorded_message_is_explained():
    recorded = [message for message in messages() if message]
    assert recorded
    assert [message[:200] for message in recorded if explain(message) is None] == []


def test_the_same_error_wrapped_by_a_terminal_has_the_same_topic():
    for message in sorted({message for message in messages() if message})[::7]:
        wrapped = "\n".join(message[at : at + 79] for at in range(0, len(message), 79))
        assert explain(wrapped).topic == explain(message).topic


def test_no_value_of_a_secret_is_repeated():
    for row in oracle.rows("fields-1.36"):
        if row["kind"] == "Secret" and row["verdict"] == "rejected":
            assert explain(row["error"]["message"]).value == ""


def test_every_step_is_filled_in():
    for message in sorted({message for message in messages() if message})[::5]:
        explanation = explain(message)
        for fix in (fix for item in (explanation, *explanation.also) for fix in item.fixes):
            for step in fix.steps:
                assert not re.search(
                    r"\{(kind|name|namespace|field|value|in|path|subject)\}", step
                ), step
