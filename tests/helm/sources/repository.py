"""A git repository of a test's own, away from the user's git configuration."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.helms import any_helm

CHART = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
TEMPLATE = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n"
    "  colour: {{ .Values.colour }}\n"
)


class Repo:
    """Git commands and files below one directory."""

    def __init__(self, top: Path) -> None:
        self.top = top
        top.mkdir(parents=True, exist_ok=True)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            [
                "git",
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@example.com",
                "-c",
                "protocol.file.allow=always",
                *arguments,
            ],
            cwd=self.top,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
        )
        return done.stdout.strip()

    def init(self) -> Repo:
        self.git("init", "--quiet", "--initial-branch=main")
        return self

    def write(self, **files: str) -> Repo:
        """Files by path, `__` for a slash and `_dot_` for a dot."""
        for name, text in files.items():
            self.file(name.replace("__", "/").replace("_dot_", "."), text)
        return self

    def file(self, path: str, text: str) -> Path:
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    def chart(self, path: str = "chart", colour: str = "red", name: str = "web") -> Repo:
        self.file(f"{path}/Chart.yaml", CHART.replace("web", name))
        self.file(f"{path}/values.yaml", f"colour: {colour}\n")
        self.file(f"{path}/templates/config.yaml", TEMPLATE)
        return self

    def commit(self, message: str = "change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


def laptop_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """An empty repository as the current directory, with a helm, and no CI around it."""
    repo = Repo(tmp_path / "repo").init()
    monkeypatch.chdir(repo.top)
    monkeypatch.setenv("POLICYLINT_HELM", any_helm().path)
    return repo
