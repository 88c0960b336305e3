"""What `policylint check` gives the rules beside the resources: the history of a record, the size
of the next one."""

from __future__ import annotations

import json
import random
from pathlib import Path

from policylint.commands.check import check
from policylint.helm.inputs.options import Options
from tests.helm.values.offline import write_chart
from tests.helm.values.test_check_modes import exported
from tests.helms import any_helm

STATES = Path(__file__).parents[3] / "fixtures" / "oracle" / "states"


def rules_found(after: Path, before: Path) -> dict[str, str]:
    report = check(Options(after=str(after), before=str(before), helm=any_helm().name))
    (release,) = report.releases
    assert release.failures == ()
    return {finding.rule: str(finding.severity) for finding in release.findings}


def test_the_history_of_the_record_is_judged(tmp_path: Path) -> None:
    write_chart(tmp_path / "shop", {"name": "shop"})
    rules = rules_found(tmp_path / "shop", STATES / "helm3-failed-push-out" / "records.yaml")
    assert rules["history-depth-low"] == "warning"
    assert rules["rollback-target-failed"] == "warning"


def test_a_record_that_will_be_too_large_is_an_error(tmp_path: Path) -> None:
    write_chart(tmp_path / "shop", {"name": "shop"})
    (tmp_path / "shop" / "movie.bin").write_bytes(random.Random(1).randbytes(1_000_000))
    info = {"status": "deployed", "description": "Install complete"}
    chart = {"metadata": {"name": "shop", "version": "1.0.0"}}
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\n"
    release = {"name": "shop", "version": 1, "info": info, "chart": chart, "manifest": manifest}
    (tmp_path / "record.json").write_text(exported(release))
    assert json.loads((tmp_path / "record.json").read_text())
    assert (
        rules_found(tmp_path / "shop", tmp_path / "record.json")["record-near-size-limit"]
        == "error"
    )
