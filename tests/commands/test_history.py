"""`policylint history` over files: verdicts, several releases, and what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policylint.commands.history import examine
from policylint.model import Verdict
from policylint.report.formats.text import render

ROOT = Path(__file__).parents[2] / "fixtures"
STATES = ROOT / "oracle" / "states"


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("helm3-healthy", Verdict.PASS),
        ("helm4-pending-upgrade", Verdict.FAIL),
        ("helm3-last-failed", Verdict.PASS),
    ],
)
@pytest.mark.parametrize("file", ["records.yaml", "history.json", "list.json"])
def test_verdicts_are_the_same_whatever_was_exported(
    state: str, verdict: Verdict, file: str
) -> None:
    assert examine([str(STATES / state / file)]).verdict is verdict


def test_how_long_a_lock_has_stood_is_told() -> None:
    (release,) = examine([str(STATES / "helm3-pending-upgrade" / "records.yaml")]).releases
    (finding_rows,) = [finding for finding in release.findings if finding.rule == "release-pending"]
    assert " h " in finding_rows.because
    assert str(finding_rows.severity) == "error"


def test_several_releases_are_summed_up_and_judged_together() -> None:
    report = examine(
        [str(ROOT / "rules" / "object-claimed-twice" / "fail-same-service" / "records.json")]
    )
    assert [finding.rule for finding in report.findings] == ["object-claimed-twice"]
    text = render(report)
    assert text.startswith("RELEASE")
    assert "0 resources" not in text


def test_a_damaged_file_is_unknown_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "records.json"
    file.write_text(
        json.dumps(
            {"kind": "Secret", "type": "helm.sh/release.v1", "metadata": {"name": "x"}, "data": {}}
        )
    )
    report = examine([str(file)])
    assert report.verdict is Verdict.UNKNOWN
    assert str(file) in report.failures[0].message
    assert report.failures[0].remedy
