"""Flux in a repository: what the controller does beyond rendering counts in the check."""

from pathlib import Path

import pytest

from policylint.scan.gitops.kustomize.binary import find_builder
from tests.pipeline.test_declared import DEPLOYMENT, checked, commit, copied, edit
from tests.servers import serving

CLUSTERS = Path("fixtures/repositories/flux-clusters").resolve()
kustomize = pytest.mark.skipif(find_builder() is None, reason="no kustomize is installed")
POST = """\
  postRenderers:
    - kustomize:
        images: [{name: web, newTag: pinned}]
        patches:
          - target: {kind: Deployment}
            patch: |
              - op: add
                path: /spec/selector/matchLabels/tier
                value: web
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  names: {kind: Thing, plural: things}
  scope: SCOPE
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
"""
RELEASE = "apps/base/web/release.yaml"


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    copied(CLUSTERS, tmp_path, monkeypatch)


def append(file, text):
    path = Path(file)
    path.write_text(path.read_text("utf-8").rstrip("\n") + "\n" + text, "utf-8")


def rules(report):
    return {finding["rule"] for row in report["releases"] for finding in row["findings"]}


@kustomize
def test_post_renderers_are_applied_to_both_sides(capsys):
    append(RELEASE, POST)
    commit()
    edit(RELEASE, "value: web", "value: front")
    code, report = checked(capsys)
    assert (code, "selector-changed" in rules(report)) == (1, True)


@kustomize
def test_a_new_post_renderer_is_part_of_the_change(capsys):
    append(RELEASE, POST)
    code, report = checked(capsys)
    images = {(row["before"], row["after"]) for row in report["releases"][0]["images"]}
    assert (code, images) == (1, {("web:1.0", "web:pinned")})


def test_other_post_renderers_are_no_pass(capsys):
    append(RELEASE, "  postRenderers: [{exec: {command: sed}}]\n")
    code, report = checked(capsys)
    assert code == 2
    assert any("postRenderers" in row["message"] for row in report["releases"][0]["failures"])


@pytest.mark.parametrize(("policy", "stale"), [("Skip", True), ("CreateReplace", False)])
def test_definitions_are_replaced_where_the_policy_says_so(capsys, policy, stale):
    folder = Path("charts/web/crds")
    folder.mkdir()
    (folder / "thing.yaml").write_text(CRD.replace("SCOPE", "Namespaced"), "utf-8")
    append(RELEASE, f"  upgrade: {{crds: {policy}, remediation: {{retries: 1}}}}\n")
    commit()
    (folder / "thing.yaml").write_text(CRD.replace("SCOPE", "Cluster"), "utf-8")
    _, report = checked(capsys)
    assert ("crds-not-upgraded" in rules(report)) is stale
    assert "crd-change-refused" in rules(report)


def test_definitions_that_leave_crds_stay(capsys):
    """helm-controller, internal/action/crds.go: CreateReplace never deletes one."""
    folder = Path("charts/web/crds")
    folder.mkdir()
    (folder / "thing.yaml").write_text(CRD.replace("SCOPE", "Namespaced"), "utf-8")
    append(RELEASE, "  upgrade: {crds: CreateReplace, remediation: {retries: 1}}\n")
    commit()
    (folder / "thing.yaml").unlink()
    code, report = checked(capsys)
    assert (code, "crd-deleted" in rules(report)) == (0, False)
    changes = {row["change"] for release in report["releases"] for row in release["changes"]}
    assert "deleted" not in changes


def test_drift_detection_is_said(capsys):
    ignore = "[{paths: [/spec/replicas], target: {kind: Deployment}}]"
    append(RELEASE, f"  driftDetection: {{mode: enabled, ignore: {ignore}}}\n")
    _, report = checked(capsys)
    notes = report["releases"][0]["evidence"]["notes"]
    assert "what was changed by hand is set back (driftDetection: enabled)" in notes
    assert "but not below /spec/replicas of Deployment (driftDetection.ignore)" in notes


def test_a_change_of_what_flux_adds_everywhere_is_no_pass(capsys):
    append(RELEASE, "  commonMetadata: {labels: {team: a}}\n")
    code, report = checked(capsys)
    assert code == 2
    assert any("commonMetadata" in row["message"] for row in report["releases"][0]["failures"])


def test_a_schema_that_flux_leaves_out_is_not_judged(capsys):
    schema = '{"properties": {"nowhere": {"type": "string"}}, "required": ["nowhere"]}'
    Path("charts/web/values.schema.json").write_text(schema, "utf-8")
    append(RELEASE, "  upgrade: {disableSchemaValidation: true, remediation: {retries: 1}}\n")
    commit()
    edit("apps/base/web/values.yaml", "web:1.0", "web:1.1")
    code, report = checked(capsys)
    assert code == 0
    assert report["releases"][0]["routine"] is True


def test_a_bump_is_caused_where_the_version_is_written(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("POLICYLINT_CACHE", str(tmp_path / "cache"))
    with serving() as server:
        for version in ("1.2.0", "1.3.0"):
            text = DEPLOYMENT.replace("{app: cache}", '{app: "cache-{{ .Chart.Version }}"}', 1)
            server.add_chart("cache", version, {"templates/d.yaml": text})
        edit("infrastructure/cache.yaml", "registry.invalid", server.host)
        commit()
        edit("infrastructure/cache.yaml", "tag: 1.2.0", "tag: 1.3.0")
        code, report = checked(capsys, "--allow-private-sources")
    assert code == 1
    lines = Path("infrastructure/cache.yaml").read_text("utf-8").splitlines()
    written = next(number for number, line in enumerate(lines, 1) if "tag: 1.3.0" in line)
    source = report["releases"][0]["source"]
    assert (source["chart_file"], source["chart_line"]) == ("infrastructure/cache.yaml", written)


HOOK = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {helm.sh/hook: pre-upgrade}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: m, image: "m:1"}]}
"""


def test_hooks_that_flux_leaves_out_are_not_run(capsys):
    Path("charts/web/templates/hook.yaml").write_text(HOOK, "utf-8")
    commit()
    edit("apps/base/web/values.yaml", "web:1.0", "web:1.1")
    _, report = checked(capsys)
    assert "hook" in {row["change"] for row in report["releases"][0]["changes"]}
    append(RELEASE, "  upgrade: {disableHooks: true}\n")
    _, report = checked(capsys)
    assert "hook" not in {row["change"] for row in report["releases"][0]["changes"]}
    notes = report["releases"][0]["evidence"]["notes"]
    assert any(note.startswith("upgrade.disableHooks changes") for note in notes)
