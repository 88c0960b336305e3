"""What people and machines are shown of a history."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from policylint.helm.history.read import read
from policylint.helm.history.report import description, summary, table, to_json
from policylint.helm.inputs.revisions import History, Revision

STATES = Path(__file__).parents[3] / "fixtures" / "oracle" / "states"


def state(name: str, file: str = "records.yaml") -> History:
    return read((STATES / name / file).read_text(), file)[0]


def test_machine_view() -> None:
    document = to_json(state("helm3-failed-push-out"))
    assert [row["revision"] for row in document["revisions"]] == [2, 11, 12, 13, 14]
    assert document["targets"] == {
        "rollback_without_number": {"revision": 13, "status": "failed", "good": False},
        "atomic": {"revision": 2, "status": "deployed", "good": True},
        "newest_good": {"revision": 2, "status": "deployed", "good": True},
    }
    assert json.loads(json.dumps(document)) == document


def test_targets_are_null_where_there_is_none() -> None:
    document = to_json(state("helm4-first-install-failed"))
    assert set(document["targets"].values()) == {None}
    assert not document["locked"]
    assert to_json(state("helm4-pending-upgrade"))["locked"]


def test_table(snapshot: Any) -> None:
    assert table(state("helm4-after-first-install-failed")) == snapshot
    assert table(state("helm3-last-failed", "list.json")) == snapshot


def test_summary_of_many() -> None:
    lines = summary([state("helm3-healthy"), state("helm4-last-failed")]).splitlines()
    assert len(lines) == 3
    assert lines[2].split()[:3] == ["squad-14/shop", "3", "failed"]


def test_secrets_of_the_record_are_masked_in_descriptions() -> None:
    manifest = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {p: "
        + base64.b64encode(b"hunter2-x").decode()
        + "}\n"
    )
    text = "failed: hunter2-x and s3cr3t-value and plain"
    revision = Revision(
        1,
        "failed",
        description=text,
        manifest=manifest,
        values={"db": {"password": "s3cr3t-value"}},
    )
    assert description(revision) == "failed: (redacted) and (redacted) and plain"
