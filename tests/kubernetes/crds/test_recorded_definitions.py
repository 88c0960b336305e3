"""Recorded verdicts of real API servers on changes of CustomResourceDefinitions, and on CRDs with
rules."""

import gzip
import json
from pathlib import Path

import pytest

from policylint.kubernetes.crds import judge_crd
from policylint.model import Outcome, Target


def rows(name):
    text = gzip.decompress(Path(f"fixtures/oracle/{name}.jsonl.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("minor", ["1.30", "1.34", "1.36"])
def test_every_recorded_change_gets_the_servers_verdict(minor):
    changes = [row for row in rows(f"fields-{minor}") if row["kind"] == "CustomResourceDefinition"]
    answers = [(row, judge_crd(row["after"], row["before"], Target(minor))) for row in changes]
    assert len(changes) > 200
    assert [row["path"] for row, answer in answers if answer.outcome.value != row["verdict"]] == []


@pytest.mark.parametrize("minor", ["1.34", "1.36"])
def test_refusals_name_the_servers_fields_and_reasons(minor):
    refused = [
        row
        for row in rows(f"fields-{minor}")
        if "error" in row and row["kind"] == "CustomResourceDefinition"
    ]
    for row in refused:
        answer = judge_crd(row["after"], row["before"], Target(minor))
        recorded = sorted((cause["field"], cause["reason"]) for cause in row["error"]["causes"])
        assert sorted((cause.field, cause.reason) for cause in answer.causes) == recorded, row[
            "path"
        ]


@pytest.mark.parametrize("row", rows("cel-1.36"), ids=lambda row: row["id"])
def test_a_crds_rules_are_compiled_and_priced_as_the_server_does(row):
    answer = judge_crd(row["crd"], None, Target("1.36"))
    assert (answer.outcome is Outcome.REJECTED) == ("crd_rejected" in row)
    assert not answer.unknowns
    for cause in answer.causes:
        assert f"{cause.field}: {cause.message}" in row["crd_rejected"]
