"""Input and disks that try policylint's limits: an answer or an error with exit 2, never a
traceback or a leftover."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from policylint.engine.catalogue import schema
from tests.helm.sources.repository import Repo
from tests.helms import any_helm

ROOT = Path(__file__).parents[2]
HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def checked(folder: Path, *words: str, **more: Any) -> tuple[int, dict[str, Any], str]:
    """(exit code, JSON report, standard error) of a check; the report is of the published
    schema."""
    done = subprocess.run(
        [sys.executable, "-m", "policylint", "check", *words, "--format", "json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        **{"env": {**os.environ, "PYTHONPATH": str(ROOT)}, **more},
    )
    assert "Traceback" not in done.stdout + done.stderr
    report = json.loads(done.stdout) if done.stdout else {}
    if report:
        jsonschema.validate(report, schema("report"))
    return done.returncode, report, done.stderr


@pytest.mark.heavy
def test_a_file_of_100_mb_is_judged(tmp_path: Path) -> None:
    line = "x" * 10_000
    (tmp_path / "before.yaml").write_text(HEAD)
    with (tmp_path / "after.yaml").open("w") as file:
        file.write(HEAD + "data:\n")
        file.writelines(f"  k{number}: {line}\n" for number in range(10_000))
    code, report, _ = checked(tmp_path, "after.yaml", "--before", "before.yaml")
    assert code == 1
    (finding,) = report["releases"][0]["findings"]
    assert (finding["rule"], finding["resource"]["name"]) == ("invalid-object", "a")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{'abcdefghij'[n]}: &{'abcdefghij'[n]} [{', '.join(['*' + 'abcdefghij'[n - 1]] * 9)}]\n"
    for n in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "excessive aliasing"),
        (HEAD + "data: " + "[" * 20_000 + "]" * 20_000, "nested too deeply"),
        (HEAD + "data: {a: 1", "after.yaml:"),
        ("apiVersion: v1\nmetadata: {name: a}\n", "without kind"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", "without metadata.name"),
        ("just text\n", "a mapping"),
    ],
)
def test_a_manifest_that_is_none(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "before.yaml").write_text(HEAD)
    (tmp_path / "after.yaml").write_text(text)
    code, report, _ = checked(tmp_path, "after.yaml", "--before", "before.yaml")
    assert (code, report["verdict"]) == (2, "unknown")
    (failure,) = report["releases"][0]["failures"]
    assert message in failure["message"]
    assert failure["message"].startswith("after.yaml")
    assert failure["remedy"]


def test_values_that_explode_are_refused_by_helm_s_own_limit(tmp_path: Path) -> None:
    repo = Repo(tmp_path).chart("chart")
    repo.file("bomb.yaml", BOMB)
    words = ("chart", "--before", "chart", "-f", "bomb.yaml", "--helm", any_helm().path)
    code, report, _ = checked(tmp_path, *words)
    assert code == 1  # so does helm upgrade
    assert "excessive aliasing" in report["releases"][0]["findings"][0]["because"]


def test_a_directory_for_temporary_files_that_is_not_there_is_no_verdict(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo").init().chart("chart")
    repo.commit()
    repo.chart("chart", "blue")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "none")}
    code, report, _ = checked(
        repo.top, "chart", "--before", "git:HEAD", "--helm", any_helm().path, env=environment
    )
    assert code == 0
    assert report["releases"][0]["changes"][0]["fields"] == 1
    assert repo.git("status", "--porcelain") == "M chart/values.yaml"


def test_a_report_for_which_there_is_no_room_leaves_nothing_behind(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="POSIX sets limits, Windows does not")
    (tmp_path / "a.yaml").write_text(HEAD)
    (tmp_path / "out").mkdir()

    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "policylint",
            "check",
            "a.yaml",
            "--before",
            "a.yaml",
            "--format",
            "json=out/r.json",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=small_files_only,
    )
    assert done.returncode == 2
    assert "cannot write the report" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "out").iterdir()) == []
