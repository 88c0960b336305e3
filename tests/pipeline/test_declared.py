"""`policylint check` in a repository that declares releases, with nothing configured."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from policylint.cli.app import run
from tests.servers import serving

CLUSTERS = Path("fixtures/repositories/flux-clusters").resolve()
ARGOCD = Path("fixtures/repositories/argocd").resolve()
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, labels: {helm.sh/chart: cache-{{ .Chart.Version }}}}
spec:
  selector: {matchLabels: {app: cache}}
  template:
    metadata: {labels: {app: cache}}
    spec: {containers: [{name: cache, image: "cache:{{ .Chart.Version }}"}]}
"""


def git(*arguments):
    subprocess.run([*GIT, *arguments], check=True, capture_output=True)


def commit():
    git("add", "-A")
    git("commit", "-q", "-m", "change")


def copied(source, tmp_path, monkeypatch):
    """A repository of ours as the current directory, committed; charts are kept beside it."""
    monkeypatch.setenv("POLICYLINT_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "repository"
    shutil.copytree(source, root)
    monkeypatch.chdir(root)
    git("init", "-q")
    commit()
    return root


@pytest.fixture
def repository(tmp_path, monkeypatch):
    return copied(CLUSTERS, tmp_path, monkeypatch)


def edit(file, old, new):
    path = Path(file)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def checked(capsys, *arguments):
    code = run(["check", *arguments, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_values_change_is_judged_in_each_cluster(repository, capsys):
    edit("apps/base/web/values.yaml", "web:1.0", "web:1.1")
    code, report = checked(capsys)
    assert code == 0
    assert [release["source"]["cluster"] for release in report["releases"]] == [
        "production",
        "staging",
    ]
    web = report["releases"][0]
    assert web["change"] == "kept"
    assert web["routine"] is True
    assert web["images"] == [
        {
            "container": "web",
            "before": "web:1.0",
            "after": "web:1.1",
            "resources": [
                {"group": "apps", "kind": "Deployment", "namespace": "web", "name": "web"}
            ],
        }
    ]


def test_a_change_of_one_cluster_touches_only_its_release(repository, capsys):
    edit("clusters/staging/apps.yaml", '"1"', '"2"')
    code, report = checked(capsys)
    assert code == 0
    (web,) = report["releases"]
    assert web["source"]["cluster"] == "staging"
    assert web["routine"] is False


def test_a_refused_change_of_a_local_chart_fails(repository, capsys):
    edit("charts/web/templates/deployment.yaml", "      app: {{", "      tier: {{")
    code, report = checked(capsys)
    assert code == 1
    rules = {finding["rule"] for release in report["releases"] for finding in release["findings"]}
    assert "selector-changed" in rules


def test_a_change_that_touches_no_release_passes(repository, capsys):
    Path("notes.txt").write_text("x", "utf-8")
    code, report = checked(capsys)
    assert (code, report["releases"]) == (0, [])
    assert "production" not in report["untouched"]
    assert "web/web" in report["untouched"]


def test_a_release_that_is_gone_is_uninstalled(repository, capsys):
    edit("infrastructure/cache.yaml", "kind: HelmRelease", "kind: Nothing")
    code, report = checked(capsys)
    changes = {(release["name"], release["change"]) for release in report["releases"]}
    assert changes == {("cache-cache", "deleted"), ("queue", "deleted")}
    assert code == 2  # their charts cannot be fetched


def test_without_pruning_a_release_that_is_gone_stays(repository, capsys):
    for cluster in ("staging", "production"):
        edit(f"clusters/{cluster}/infrastructure.yaml", "prune: true", "prune: false")
    commit()
    edit("infrastructure/cache.yaml", "kind: HelmRelease", "kind: Nothing")
    code, report = checked(capsys)
    assert (code, report["releases"]) == (0, [])


def test_what_cannot_be_resolved_is_no_pass(repository, capsys):
    edit("clusters/staging/apps.yaml", "./apps/staging", "./apps/nowhere")
    code, report = checked(capsys)
    assert code == 2
    assert "apps/nowhere" in report["failures"][0]["message"]


def test_a_kustomization_that_could_never_be_built_hides_a_change(repository, capsys):
    Path("apps/staging/kustomization.yaml").write_text(
        "resources: [../base/web]\nreplacements: [{path: nowhere.yaml}]\n", "utf-8"
    )
    commit()
    edit("apps/base/web/values.yaml", "web:1.0", "web:1.1")
    code, report = checked(capsys)
    assert code == 2
    assert [release["source"]["cluster"] for release in report["releases"]] == ["production"]


def test_a_bump_is_fetched_once_and_judged(repository, capsys):
    with serving() as server:
        for version in ("1.2.0", "1.3.0"):
            server.add_chart("cache", version, {"templates/d.yaml": DEPLOYMENT})
        edit("infrastructure/cache.yaml", "registry.invalid", server.host)
        commit()
        edit("infrastructure/cache.yaml", "tag: 1.2.0", "tag: 1.3.0")
        code, report = checked(capsys)
        assert code == 2
        assert "private network" in report["releases"][0]["failures"][0]["message"]
        code, report = checked(capsys, "--allow-private-sources")
        assert code == 0
        release = report["releases"][0]
        assert release["chart"]["before"]["version"] == "1.2.0"
        assert release["chart"]["after"]["version"] == "1.3.0"
        assert release["routine"] is True
        asked = len(server.asked)
        code, _ = checked(capsys, "--offline")
        assert (code, len(server.asked)) == (0, asked)


def test_offline_says_what_is_missing(repository, capsys):
    edit("infrastructure/cache.yaml", "tag: 1.2.0", "tag: 1.3.0")
    code, report = checked(capsys, "--offline")
    assert code == 2
    assert "is not in the cache" in report["releases"][0]["failures"][0]["message"]


def test_all_takes_every_release(repository, capsys):
    Path("notes.txt").write_text("x", "utf-8")
    code, report = checked(capsys, "--all", "--offline")
    assert code == 2
    assert len(report["releases"]) == 6


@pytest.fixture
def argocd(tmp_path, monkeypatch):
    copied(ARGOCD, tmp_path, monkeypatch)


def test_argo_cd_sends_what_helm_template_prints(argocd, capsys):
    template = Path("charts/web/templates/deployment.yaml")
    template.write_text(
        template.read_text("utf-8").replace(
            "annotations:", "annotations:\n    is-upgrade: {{ .Release.IsUpgrade | quote }}"
        ),
        "utf-8",
    )
    commit()
    edit("values/web-image.yaml", "web:2", "web:3")
    edit("config/staging/config.yaml", "replicas: 1", "replicas: 2")
    edit("applications/web.yaml", "value: a,b", "value: a,c")
    code, report = checked(capsys)
    assert code == 0
    (front,) = report["releases"]
    assert front["name"] == "front"
    assert (front["helm"], front["apply"]) == ("3", "server-side")
    assert front["source"]["tool"] == "argocd"


def test_a_chart_touches_every_application_that_takes_it(argocd, capsys):
    edit("charts/web/templates/deployment.yaml", "      app: {{", "      tier: {{")
    code, report = checked(capsys)
    assert code == 1
    assert len(report["releases"]) == 5


def test_helmfile_uninstalls_what_it_is_told_to(tmp_path, monkeypatch, capsys):
    copied(ARGOCD.parent / "mixed", tmp_path, monkeypatch)
    edit(
        "helmfile/helmfile.yaml", "    chart: ../chart", "    chart: ../chart\n    installed: false"
    )
    _, report = checked(capsys, "--allow-empty")
    (own,) = report["releases"]
    assert (own["name"], own["change"]) == ("own", "deleted")


def test_helmfile_leaves_what_it_no_longer_names(tmp_path, monkeypatch, capsys):
    copied(ARGOCD.parent / "mixed", tmp_path, monkeypatch)
    edit("helmfile/helmfile.yaml", "  - name: own\n    chart: ../chart\n", "")
    code, report = checked(capsys)
    assert (code, report["releases"]) == (0, [])


def test_a_chart_of_applications_that_are_not_resolved_is_no_pass(argocd, capsys):
    template = Path("apps/templates/apps.yaml")
    template.parent.mkdir(parents=True)
    template.write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: {{ .Values.n }}}\n",
        "utf-8",
    )
    Path("apps/Chart.yaml").write_text("name: apps\nversion: 1.0.0\n", "utf-8")
    Path("other.yaml").write_text("a: 1\n", "utf-8")
    commit()
    edit("other.yaml", "a: 1", "a: 2")
    code, report = checked(capsys)
    assert (code, report["releases"]) == (2, [])
    assert "declares Applications" in report["failures"][0]["message"]


SCALED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cache}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: cache}}
  template:
    metadata: {labels: {app: cache}}
    spec: {containers: [{name: cache, image: "cache:1"}]}
"""
HELMFILE = """\
releases:
  - name: cache
    namespace: shop
    chart: ./chart
    set:
      - {name: replicas, value: 3}
"""


@pytest.mark.parametrize(
    ("file", "text", "old", "new"),
    [
        ("helmfile.yaml", HELMFILE, "value: 3", "value: 0"),
        ("deploy.sh", "helm upgrade cache ./chart -n shop --set replicas=3\n", "=3", "=0"),
    ],
)
def test_a_value_that_a_declaration_sets_is_found_in_it(
    file, text, old, new, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLICYLINT_CACHE", str(tmp_path.parent / "cache"))
    Path("chart/templates").mkdir(parents=True)
    Path("chart/Chart.yaml").write_text("apiVersion: v2\nname: cache\nversion: 1.0.0\n", "utf-8")
    Path("chart/templates/a.yaml").write_text(SCALED, "utf-8")
    Path(file).write_text(text, "utf-8")
    git("init", "-q")
    commit()
    edit(file, old, new)
    _, report = checked(capsys, "--before", "git:HEAD")
    (finding,) = [
        finding
        for release in report["releases"]
        for finding in release["findings"]
        if finding["rule"] == "scaled-to-zero"
    ]
    causes = [
        (place["file"], place["key"]) for place in finding["locations"] if place["role"] == "cause"
    ]
    assert causes == [(file, "replicas")]
