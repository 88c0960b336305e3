"""The API server that `scripts/e2e.sh` names by POLICYLINT_E2E_CONTEXT and KUBECONFIG, and real
helm talking to it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.helms import helm

CONTEXT = os.environ.get("POLICYLINT_E2E_CONTEXT", "")
ROOT = Path(__file__).parents[2]
LIMIT = 120

needs_server = pytest.mark.skipif(not CONTEXT, reason="no API server: run scripts/e2e.sh")


@dataclass(frozen=True)
class Release:
    """One release in a namespace of its own, and the helm that manages it."""

    line: str
    namespace: str
    name: str = "shop"

    @property
    def helm(self) -> str:
        return helm(self.line).path

    @property
    def spec(self) -> str:
        return f"release:{self.namespace}/{self.name}"

    def argv(self, *words: str) -> list[str]:
        return [self.helm, *words, "--kube-context", CONTEXT, "--namespace", self.namespace]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.argv(*words), capture_output=True, text=True, timeout=LIMIT)

    def deploy(self, chart: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("upgrade", "--install", "--create-namespace", self.name, str(chart), *words)

    def must(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def must_deploy(self, chart: Path, *words: str) -> None:
        done = self.deploy(chart, *words)
        assert done.returncode == 0, done.stderr

    def shown(self) -> list[dict[str, Any]]:
        return json.loads(self.must("history", self.name, "--output", "json"))


def write_chart(
    directory: Path,
    templates: Mapping[str, str],
    values: Mapping[str, Any] | None = None,
    version: str = "0.1.0",
) -> Path:
    """A chart called shop in `directory`, made anew."""
    (directory / "templates").mkdir(parents=True, exist_ok=True)
    (directory / "Chart.yaml").write_text(f"apiVersion: v2\nname: shop\nversion: {version}\n")
    (directory / "values.yaml").write_text(json.dumps(values or {}))
    for old in (directory / "templates").iterdir():
        old.unlink()
    for name, text in templates.items():
        (directory / "templates" / name).write_text(text)
    return directory


def settings(value: str, *, immutable: bool = False) -> str:
    """A ConfigMap that the server refuses to change where it is immutable."""
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"a": value},
    }
    return json.dumps({**body, "immutable": True} if immutable else body)


def policylint(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON report of a command, run in this process."""
    from policylint.cli.app import run

    code = run([*words, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def rules(report: Mapping[str, Any]) -> set[str]:
    """The ids of the rules that found something."""
    findings = [
        *report.get("findings", ()),
        *(item for release in report["releases"] for item in release["findings"]),
    ]
    return {finding["rule"] for finding in findings}
