"""Releases upgraded and rolled back with real Helm and kube-apiserver 1.36.3: what merging, moves
and nulls do.

`fixtures/oracle/more-scenarios-1.36.jsonl.gz` has the shape of `scenarios-1.36`, without the
messages.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from policylint.kubernetes.forecast import Cluster
from policylint.model import Outcome
from tests.kubernetes.forecast.objects import HELM3, HELM4, manifest, release

ROWS = Path(__file__).parents[3] / "fixtures" / "oracle" / "more-scenarios-1.36.jsonl.gz"
TARGETS = {"helm3": HELM3, "helm4": HELM4}


@pytest.mark.parametrize("helm", TARGETS)
@pytest.mark.parametrize(
    ("direction", "recorded"), [("upgrade", "forward"), ("rollback", "rollback")]
)
def test_the_forecast_agrees_with_recorded_releases(
    helm: str, direction: str, recorded: str
) -> None:
    rows = [
        row
        for row in map(json.loads, gzip.decompress(ROWS.read_bytes()).splitlines())
        if helm in row
    ]
    answers = {row["id"]: _answer(row, helm, direction) for row in rows}
    wrong = {
        row["id"]
        for row in rows
        if answers[row["id"]] not in (row[helm][recorded]["verdict"], "depends")
    }
    assert len(rows) > 200
    assert wrong == set()
    assert sum(word == "depends" for word in answers.values()) < 0.03 * len(rows)


def _answer(row: dict[str, Any], helm: str, direction: str) -> str:
    crds = {(crd["spec"]["group"], crd["spec"]["names"]["kind"]): crd for crd in row["pre"]}
    done = release(
        manifest(*row["before"]), manifest(*row["after"]), TARGETS[helm], Cluster(crds=crds)
    )
    answers = {
        answer.outcome
        for change in done.changes
        if (answer := getattr(change.forecast, direction)) is not None
    }
    outcome = next(
        (word for word in (Outcome.REJECTED, Outcome.DEPENDS) if word in answers), Outcome.ACCEPTED
    )
    return str(outcome.value)
