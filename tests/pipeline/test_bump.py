"""What counts as a routine bump: image versions and what names a version, and nothing else."""

import json

import pytest

from policylint.cli.app import run

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: web, labels: {helm.sh/chart: web-1.0, version: v1}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, app.kubernetes.io/version: v1}}
    spec: {containers: [{name: web, image: "ghcr.io/acme/web:v1", args: [serve]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: web}
spec: {podSelector: {matchLabels: {app: web}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: web, annotations: {helm.sh/hook: pre-upgrade}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: "ghcr.io/acme/web:v1", args: [migrate]}]
"""
STATEFUL = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "db:1"}]}
  volumeClaimTemplates:
    - metadata: {name: data, labels: {helm.sh/chart: db-1.0}}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""


def is_routine(tmp_path, capsys, before, after):
    files = []
    for name, text in (("before.yaml", before), ("after.yaml", after)):
        file = tmp_path / name
        file.write_text(text, "utf-8")
        files.append(str(file))
    run(["check", files[1], "--before", files[0], "--format", "json"])
    (release,) = json.loads(capsys.readouterr().out)["releases"]
    return release["routine"]


@pytest.mark.parametrize(
    "edits",
    [
        [("web:v1", "web:v2")],
        [("ghcr.io/acme/web:v1", "ghcr.io/acme/web:v1@sha256:" + "0" * 64)],
        [("web:v1", "web:v2"), ("web-1.0", "web-1.1"), ("version: v1", "version: v2")],
    ],
)
def test_versions_alone_are_routine(tmp_path, capsys, edits):
    after = MANIFEST
    for old, new in edits:
        assert old in after
        after = after.replace(old, new)
    assert is_routine(tmp_path, capsys, MANIFEST, after)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ghcr.io/acme/web:v1", "evil.example/acme/web:v1"),
        ("ghcr.io/acme/web:v1", "ghcr.io/acme/web-debug:v1"),
        ("[serve]", "[serve, --debug]"),
        ("[migrate]", "[migrate, --drop]"),
        ("helm.sh/hook: pre-upgrade", "helm.sh/hook: post-upgrade"),
        ("app: web", "app: web2"),
        ("{name: migrate, namespace", "{name: migrate-2, namespace"),
    ],
)
def test_anything_else_is_not(tmp_path, capsys, old, new):
    assert old in MANIFEST
    after = MANIFEST.replace("web:v1", "web:v2").replace(old.replace("web:v1", "web:v2"), new)
    assert not is_routine(tmp_path, capsys, MANIFEST, after)


def test_a_label_that_a_selector_looks_at_is_not(tmp_path, capsys):
    by_version = "podSelector: {matchLabels: {app.kubernetes.io/version: v1}}"
    before = MANIFEST.replace("podSelector: {matchLabels: {app: web}}", by_version)
    pods = "labels: {app: web, app.kubernetes.io/version: "
    after = before.replace(f"{pods}v1", f"{pods}v2")
    assert before != after
    assert is_routine(tmp_path, capsys, before, before.replace("web:v1", "web:v2"))
    assert not is_routine(tmp_path, capsys, before, after)


def test_what_the_cluster_refuses_is_not(tmp_path, capsys):
    after = STATEFUL.replace("db-1.0", "db-1.1").replace('"db:1"', '"db:2"')
    assert not is_routine(tmp_path, capsys, STATEFUL, after)


def test_nothing_at_all_is_not(tmp_path, capsys):
    assert not is_routine(tmp_path, capsys, MANIFEST, MANIFEST)
