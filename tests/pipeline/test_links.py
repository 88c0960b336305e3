"""What lies behind symbolic links is what each revision has there, and a change of it reaches the
releases that are made of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from tests.helm.sources.repository import Repo, laptop_repository
from tests.pipeline.configuration.test_base import CLAIM, REFUSED, chart

URL = "https://git.example.com/me/apps.git"
CONFIG = "releases:\n  - {name: shop, chart: CHART, namespace: prod, values: [VALUES]}\n"
APPLICATION = f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: shop, namespace: argocd}}
spec:
  destination: {{namespace: prod, server: "https://kubernetes.default.svc"}}
  source: {{repoURL: "{URL}", path: CHART, targetRevision: HEAD, helm: {{valueFiles: [VALUES]}}}}
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = laptop_repository(tmp_path, monkeypatch)
    made.git("remote", "add", "origin", URL)
    chart(made, "one/shop", "8Gi")
    chart(made, "two/shop", "20Gi")
    made.file("one/values.yaml", "size: 8Gi\n")
    made.file("two/values.yaml", "size: 20Gi\n")
    made.file("one/template.yaml", CLAIM)
    made.file("two/template.yaml", CLAIM.replace("{{ .Values.size }}", "20Gi"))
    return made


def link(repo: Repo, path: str, target: str) -> None:
    """A link to a path of the repository, made or turned."""
    file = repo.top / path
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.symlink_to(os.path.relpath(repo.top / target, file.parent))


def links(repo: Repo, kind: str, to: str) -> tuple[str, str]:
    """(chart, values file) that lead into a directory by way of one kind of link."""
    if kind == "chart":
        link(repo, "current", to)
        return "current/shop", "plain.yaml"
    if kind == "values file":
        link(repo, "plain.yaml", f"{to}/values.yaml")
    elif kind == "values directory":
        link(repo, "current", to)
        return "one/shop", "current/values.yaml"
    elif kind == "template":
        link(repo, "one/shop/templates/db.yaml", f"{to}/template.yaml")
    elif kind == "link of a link":
        link(repo, "middle", to)
        link(repo, "current", "middle")
        return "current/shop", "plain.yaml"
    return "one/shop", "plain.yaml"


def rules(report: dict[str, Any]) -> set[str]:
    return {row["rule"] for release in report["releases"] for row in release["findings"]}


@pytest.mark.parametrize(
    "kind", ["chart", "values file", "values directory", "template", "link of a link"]
)
@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("declaration", [CONFIG, APPLICATION])
def test_a_change_behind_a_link_is_judged(
    repo: Repo, capsys: pytest.CaptureFixture[str], kind: str, turned: bool, declaration: str
) -> None:
    repo.file("plain.yaml", "other: 1\n")
    folder, values = links(repo, kind, "one")
    if declaration == APPLICATION:
        values = os.path.relpath(repo.top / values, repo.top / folder)
    text = declaration.replace("CHART", folder).replace("VALUES", values)
    repo.file(".policylint.yaml" if declaration == CONFIG else "app.yaml", text)
    repo.commit("base")
    repo.git("switch", "--quiet", "--create", "feature")
    if turned:
        links(repo, kind, "two")
    else:
        for file in ("shop/values.yaml", "values.yaml", "template.yaml"):
            (repo.top / "one" / file).write_text((repo.top / "two" / file).read_text())
    repo.commit("change")
    assert run(["check", "--changed", "--format", "json"]) == 1
    assert REFUSED in rules(json.loads(capsys.readouterr().out))


def test_links_that_lead_nowhere_end(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    (repo.top / "ring").symlink_to("ring/deeper")
    repo.file(".policylint.yaml", CONFIG.replace("CHART", "./ring/shop").replace("VALUES", "v"))
    repo.commit("base")
    repo.git("switch", "--quiet", "--create", "feature")
    repo.file("one/values.yaml", "size: 9Gi\n")
    repo.commit("change")
    assert run(["check", "--changed"]) == 0  # it goes on being nowhere
    assert run(["check"]) == 2
