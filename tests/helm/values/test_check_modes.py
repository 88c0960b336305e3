"""`policylint check --values-mode` from an exported release, with real helm, against what helm
itself recorded."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins

from policylint.commands.check import check
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ValuesInput
from policylint.kubernetes.api.schemas import NEWEST
from policylint.model import Target, Verdict
from policylint.report.model import ReleaseReport
from tests.helm.values.offline import OfflineHelm, discovery, write_chart
from tests.helms import find, helm

FIXTURE = Path(__file__).parents[3] / "fixtures" / "oracle" / "modes-more.jsonl.gz"
ROWS = [json.loads(line) for line in gzip.decompress(FIXTURE.read_bytes()).splitlines()]
SHOWN = ("import-values", "alias-twice", "null-subchart", "missing-key")


def exported(release: dict[str, Any]) -> str:
    """A release as `kubectl get secret -o json` prints it."""
    data = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode()))).decode()
    meta = {"name": "sh.helm.release.v1.shop.v1", "namespace": "default"}
    return json.dumps(
        {
            "kind": "Secret",
            "type": "helm.sh/release.v1",
            "metadata": meta,
            "data": {"release": data},
        }
    )


def judged(row: dict[str, Any], folder: Path) -> ReleaseReport:
    line = row["helm"]
    helm(line)  # skips where there is none
    for side in ("old", "new"):
        write_chart(folder / side, row[side])
        (folder / f"{side}.json").write_text(json.dumps(row[f"{side}_user"]))
    with discovery() as server:
        release = OfflineHelm(find(line), server, folder).install(
            folder / "old", folder / "old.json"
        )
    (folder / "record.json").write_text(exported(release))
    options = Options(
        after=str(folder / "new"),
        before=str(folder / "record.json"),
        values=ValuesInput(files=(str(folder / "new.json"),)),
        values_mode=row["mode"].replace("none", "default"),
        helm=find(line),
        release="shop",
    )
    report = check(options)
    return (
        report.releases[0]
        if report.releases
        else ReleaseReport("", "", Target(NEWEST), report.verdict, failures=report.failures)
    )


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row["id"] in SHOWN and row["mode"] in ("none", "reuse")],
    ids=lambda row: f"{row['id']}-{row['mode']}-helm{row['helm']}",
)
def test_check_from_a_record(row: dict[str, Any], tmp_path: Path) -> None:
    report = judged(row, tmp_path)
    if "type mismatch" in row.get("error", ""):
        assert report.verdict is Verdict.UNKNOWN
        assert "type mismatch" in report.failures[0].message
        return
    if "error" in row:
        (of_reuse,) = [
            finding for finding in report.findings if finding.rule == "missing-values-under-reuse"
        ]
        assert report.verdict is Verdict.FAIL  # helm upgrade fails with the same words
        assert str(of_reuse.confidence) == "certain"
        assert of_reuse.message.split()[6] in row["error"]
        return
    values = to_builtins(report.values)
    assert (values["user_values"], values["all_values"]) == (
        row["user_values"] or {},
        row["all_values"],
    )
    assert {path: values["rendered"][path] for path in row["rendered"]} == row["rendered"]
    assert report.failures == ()
