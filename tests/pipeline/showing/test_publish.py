"""Which formats a report is written in, by what was asked and by where it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from policylint.errors import UsageError
from policylint.pipeline.showing.publish import Output, outputs

ROOT = Path(__file__).parents[3]
CASE = ROOT / "fixtures/rules/selector-changed/fail-key-added"


def test_text_where_nothing_is_asked() -> None:
    assert outputs((), {}) == (Output("text"),)


def test_github_actions_reads_annotations_and_a_summary() -> None:
    place = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "/tmp/summary.md"}
    assert outputs((), place) == (
        Output("text"),
        Output("github"),
        Output("markdown", "/tmp/summary.md", append=True),
    )


def test_gitlab_keeps_a_report_of_code_quality_and_teamcity_reads_inspections() -> None:
    kept = (Output("text"), Output("gitlab", "gl-code-quality-report.json"))
    assert outputs((), {"GITLAB_CI": "true"}) == kept
    assert outputs((), {"TEAMCITY_VERSION": "2026.1"}) == (Output("text"), Output("teamcity"))


def test_what_is_asked_for_is_all_there_is() -> None:
    place = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "/tmp/summary.md"}
    assert outputs(("json", "sarif=a=b.sarif"), place) == (
        Output("json"),
        Output("sarif", "a=b.sarif"),
    )


@pytest.mark.parametrize("words", [("json", "text"), ("jsno",), ("",)])
def test_what_cannot_be_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        outputs(words, {})


def run(room: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "policylint", "check", f"{CASE}/after.yaml", "--before"]
    return subprocess.run(
        [*command, f"{CASE}/before.yaml", *words],
        cwd=room,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GITHUB_ACTIONS": "", **environment},
    )


def test_a_job_of_github_actions_is_annotated_and_summed_up(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# the job\n")
    done = run(tmp_path, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 1
    assert "\n::error title=policylint%3A selector-changed" in done.stdout
    assert summary.read_text().startswith("# the job\n<!-- policylint report -->")


def test_every_format_in_one_run(tmp_path: Path) -> None:
    files = {name: tmp_path / f"report.{name}" for name in ("sarif", "junit", "html", "gitlab")}
    words = [f"--format={name}={file}" for name, file in files.items()]
    done = run(tmp_path, "--format", "concise", *words)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "FAIL: 1 error, 0 warnings, 0 notes"
    assert all(file.stat().st_size for file in files.values())
    (rule,) = json.loads(files["sarif"].read_text())["runs"][0]["tool"]["driver"]["rules"]
    assert "What happens" in rule["help"]["markdown"]


def test_a_summary_that_cannot_be_written_is_no_verdict(tmp_path: Path) -> None:
    gone = tmp_path / "no" / "summary.md"
    done = run(tmp_path, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(gone))
    assert done.returncode == 2
    assert "cannot write the report" in done.stderr
