"""A report counted by rule, release and owner."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from policylint.cli.app import run
from policylint.engine.catalogue import schema

DEPLOY = "helm upgrade --install %s ./web -n prod\n"


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for folder, release in (("shop", "web"), ("shop/api", "api"), ("other", "b")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "deploy.sh").write_text(DEPLOY % release)
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github/CODEOWNERS").write_text(
        "# all\n*.md @docs\n/shop/ @shop-team @lead\nshop/api @api-team\n"
    )
    (tmp_path / ".policylint").mkdir()
    (tmp_path / ".policylint/waivers.yaml").write_text(
        "- {rule: wait-missing, resource: x, reason: r}\n"
    )
    return tmp_path


def rows(capsys: pytest.CaptureFixture[str], by: str) -> dict[str, list[str]]:
    run(["scan", "--summary-by", by, "--select", "atomic-missing", "--show-fixes", "none"])
    lines = capsys.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("  errors"))
    table = lines[start + 1 : lines.index("", start)]
    return {" ".join(line.split()[4:]): line.split()[:4] for line in table}


def test_owners_are_those_of_the_last_line_of_codeowners_that_matches(
    room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = ["0", "0", "1", "0"]
    assert rows(capsys, "owner") == {
        "@shop-team @lead": summary,
        "@api-team": summary,
        "(nobody)": summary,
    }


def test_by_rule_and_release(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(capsys, "rule") == {"atomic-missing": ["0", "0", "3", "0"]}
    assert rows(capsys, "release") == {"(no release)": ["0", "0", "3", "0"]}


def test_the_json_counts_too(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["scan", "--summary-by", "rule", "--select", "atomic-missing", "--format", "json"])
    told = json.loads(capsys.readouterr().out)
    row = {"name": "atomic-missing", "error": 0, "warning": 0, "note": 3, "settled": 0}
    assert told["counts"] == {"by": "rule", "rows": [row]}
    jsonschema.validate(told, schema("report"))


def test_owners_are_not_read_from_outside(
    room: Path, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "owners"
    outside.write_text("* hunter2\n")
    (room / ".github/CODEOWNERS").unlink()
    (room / ".github/CODEOWNERS").symlink_to(outside)
    assert set(rows(capsys, "owner")) == {"(nobody)"}


def test_the_owner_of_a_waiver_and_what_is_waived(
    room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    comment = "# policylint: ignore[atomic-missing] ops: it cleans up itself\n"
    (room / "other/deploy.sh").write_text(comment + DEPLOY % "b")
    assert rows(capsys, "owner")["ops"] == ["0", "0", "0", "1"]
