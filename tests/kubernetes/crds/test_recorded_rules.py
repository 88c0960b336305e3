"""Recorded verdicts of a real API server on custom resources with validation rules."""

import gzip
import json
from pathlib import Path

import pytest

from policylint.kubernetes.crds import validate_custom
from policylint.model import Outcome, Target

ROWS = [
    json.loads(line)
    for line in gzip.decompress(Path("fixtures/oracle/cel-1.36.jsonl.gz").read_bytes())
    .decode()
    .splitlines()
]
JUDGED = [row for row in ROWS if "crd_rejected" not in row]
REFUSED = [row for row in ROWS if "crd_rejected" in row]


@pytest.mark.parametrize("row", JUDGED, ids=lambda row: row["id"])
def test_agrees_with_the_server_word_for_word(row):
    answer = validate_custom(row["after"], row["before"], row["crd"], Target("1.36"))
    causes = row.get("error", {}).get("causes", [])
    assert answer.outcome.value == row["verdict"]
    assert [
        {"field": c.field, "message": c.message, "reason": c.reason} for c in answer.causes
    ] == causes


def test_nothing_is_unknown():
    answers = [
        validate_custom(row["after"], row["before"], row["crd"], Target("1.36")) for row in JUDGED
    ]
    assert not [answer for answer in answers if answer.outcome is Outcome.DEPENDS]
