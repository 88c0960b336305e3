"""Argo CD in a repository: Applications that a chart renders, clusters that a file names, and what
Argo CD does otherwise than Helm."""

import json
from pathlib import Path

import pytest

from policylint.cli.app import run
from tests.pipeline.test_declared import checked, commit, copied, edit

REPOSITORY = Path("fixtures/repositories/argocd-app-of-apps").resolve()


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    copied(REPOSITORY, tmp_path, monkeypatch)


def listed(capsys, *arguments):
    assert run(["releases", *arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_applications_that_a_chart_renders_are_releases(capsys):
    rows = {row["name"]: row for row in listed(capsys)["releases"]}
    assert set(rows) == {"root", "web", "admin"}
    web = rows["web"]
    assert (web["namespace"], web["chart"]["name"], web["unresolved"]) == ("web", "charts/web", [])
    assert web["source"]["file"] == "apps/templates/applications.yaml"


def test_a_value_of_the_parent_changes_its_children(capsys):
    edit("apps/values-production.yaml", "web: {replicas: 2", "web: {replicas: 3")
    _, report = checked(capsys)
    names = {row["name"]: row for row in report["releases"]}
    assert set(names) == {"root", "web"}
    (change,) = names["web"]["changes"]
    assert change["resource"]["kind"] == "Deployment"


def test_a_chart_that_no_application_names_is_read_with_its_own_values(capsys):
    Path("bootstrap/root.yaml").unlink()
    edit("apps/values.yaml", "apps: {}", "apps: {web: {replicas: 1, prune: true}}")
    names = listed(capsys)
    (row,) = names["releases"]
    assert "the chart's own values" in row["unresolved"][0]
    assert "values that are not known here" in names["problems"][-1]["message"]


def test_a_chart_that_does_not_render_hides_its_applications(capsys):
    edit("apps/values-production.yaml", "environment: production", "environment: [")
    code, report = checked(capsys)
    assert code == 2
    assert "does not render" in json.dumps(report)


def test_clusters_are_those_of_the_file_that_the_user_names(capsys):
    problems = listed(capsys)["problems"]
    assert "--clusters FILE" in problems[0]["message"]
    names = listed(capsys, "--clusters", "clusters/clusters.yaml")
    assert names["problems"] == []
    (agent,) = (row for row in names["releases"] if row["name"] == "agent")
    assert agent["source"]["cluster"] == "https://edge-1.invalid"


def test_a_file_without_clusters_is_said(capsys):
    assert run(["releases", "--clusters", "apps/values.yaml"]) == 2
    assert "names no cluster" in capsys.readouterr().err


CLAIM = """
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: {{ .Release.Name }}-data}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""


def test_what_is_no_longer_rendered_is_deleted_only_where_something_prunes(capsys):
    template = Path("charts/web/templates/deployment.yaml")
    text = template.read_text("utf-8")
    template.write_text(text + CLAIM, "utf-8")
    Path("bootstrap/everywhere.yaml").unlink()
    commit()
    template.write_text(text, "utf-8")
    code, report = checked(capsys)
    rows = {row["name"]: row for row in report["releases"]}
    deleted = {
        name: [
            change["resource"]["name"] for change in row["changes"] if change["change"] == "deleted"
        ]
        for name, row in rows.items()
    }
    assert (code, deleted) == (1, {"web": ["web-data"], "admin": []})
