"""A scan takes time that grows as the files do: every rule and every comparison of commands with
each other.

Times are compared with each other, never with a clock: eight times the commands may take at most 24
times as long, where comparing each with each takes 64 times as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from policylint.cli.app import run

FACTOR, ALLOWED = 8, 24
QUICK = 0.5
"""Seconds of the longer scan below which a ratio says nothing."""
HELM = "helm upgrade web{} ./chart"


def github(count: int) -> str:
    job = "  j{0}:\n    needs: j{1}\n    runs-on: x\n    steps: [{{run: '{2}'}}]\n"
    jobs = (job.format(i, max(i - 1, 0), HELM.format(i)) for i in range(count))
    return "on: push\njobs:\n" + "".join(jobs)


def gitlab(count: int) -> str:
    stages = "stages: [" + ", ".join(f"s{i}" for i in range(count)) + "]\n"
    job = "j{0}:\n  stage: s{0}\n  script: ['{1}']\n"
    return stages + "".join(job.format(i, HELM.format(i)) for i in range(count))


FILES: dict[str, tuple[str, Callable[[int], str]]] = {
    "a script": ("deploy.sh", lambda n: "".join(HELM.format(i) + "\n" for i in range(n))),
    "checks behind deploys": (
        "late.sh",
        lambda n: "helm upgrade web ./chart\n" * n + "helm lint ./chart\n" * n,
    ),
    "jobs that wait for each other": (".github/workflows/a.yaml", github),
    "jobs of many stages": (".gitlab-ci.yml", gitlab),
    "blank lines in a chart": (
        "chart/templates/a.tpl",
        lambda n: "helm.sh/hook\n" + "\n" * (n * 200),
    ),
}


def seconds(top: Path, name: str, text: str) -> float:
    """How long a scan of the file takes, beside a script that deploys the chart."""
    (top / "deploy.sh").write_text("helm upgrade web ./chart\n", "utf-8")
    (top / "chart").mkdir(exist_ok=True)
    (top / "chart/Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: 1.0.0\n", "utf-8")
    (top / name).parent.mkdir(parents=True, exist_ok=True)
    (top / name).write_text(text, "utf-8")
    begun = time.process_time()
    assert run(["scan", str(top), "--format", "json=report.json"]) in (0, 1)
    return time.process_time() - begun


@pytest.mark.parametrize("shape", FILES)
def test_scanning_grows_with_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    name, text = FILES[shape]
    monkeypatch.chdir(tmp_path)
    seconds(tmp_path, name, text(2))  # what is loaded at the first use
    longer = seconds(tmp_path, name, text(40 * FACTOR))
    if longer > QUICK:
        assert longer <= ALLOWED * seconds(tmp_path, name, text(40))
