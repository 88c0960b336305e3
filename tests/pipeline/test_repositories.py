"""Small repositories of every kind with a history of commits: what each change comes to.

Charts are served on loopback: `CHARTS` in the files becomes the repository's URL, `REGISTRY` the
registry's host.
"""

import shutil
from pathlib import Path

import pytest

from tests.pipeline.test_declared import DEPLOYMENT, checked, commit, git
from tests.servers import serving

ROOT = Path("fixtures/repositories").resolve()
SIZED = DEPLOYMENT.replace("spec:\n", "spec:\n  replicas: {{ .Values.size | default 1 }}\n", 1)
KEPT, CREATED, DELETED = "kept", "created", "deleted"
UNKNOWN = {("", "unknown")}
"""Beside what is judged, something in the same file is not known here."""

# (repository, [(file, old text, new text, {(release, what becomes of it)})]): one commit each.
HISTORIES = {
    "flux-oci": [
        ("apps/cache/release.yaml", "tag: 1.2.0", "tag: 1.3.0", {("cache", KEPT)}),
        (
            "components/small/kustomization.yaml",
            "value: 1",
            "value: 2",
            {("cache", KEPT), ("web", KEPT)},
        ),
        (
            "apps/web/release.yaml",
            "  chartRef",
            "  releaseName: shop\n  chartRef",
            {("web", DELETED), ("shop", CREATED)},
        ),
        (
            "apps/web/release.yaml",
            "  releaseName",
            "  suspend: true\n  releaseName",
            {("shop", KEPT)},
        ),
        ("apps/kustomization.yaml", "[cache, web]", "[web]", {("cache", DELETED)}),
        ("apps/kustomization.yaml", "[web]", "[web, cache]", {("cache", CREATED)}),
    ],
    "k3s": [
        ("manifests/cache.yaml", "1.2.0", "1.3.0", {("cache", KEPT)}),
        ("manifests/cache.yaml", "size: 3", "size: 4", {("cache", KEPT)}),
        (
            "manifests/cache.yaml",
            "name: cache, namespace",
            "name: store, namespace",
            {("cache", DELETED), ("store", CREATED)},
        ),
    ],
    "fleet": [
        ("cache/fleet.yaml", "1.2.0", "1.3.0", {("cache", KEPT)}),
        ("web/fleet.yaml", "replicas: 3", "replicas: 4", {("web", KEPT)}),
        ("web/values.yaml", "web.example.org", "shop.example.org", {("web", KEPT)}),
        (
            "cache/fleet.yaml",
            "releaseName: cache",
            "releaseName: store",
            {("cache", DELETED), ("store", CREATED)},
        ),
    ],
    "ansible": [
        ("site.yml", "1.2.0", "1.3.0", {("cache", KEPT)}),
        ("site.yml", "size: 2", "size: 3", {("cache", KEPT)}),
        ("files/web.yaml", "replicas: 2", "replicas: 3", {("web", KEPT)}),
        ("site.yml", "chart_version: 1.3.0", "release_state: absent", {("cache", DELETED)}),
    ],
    "pipeline": [
        (
            "deploy/cache.sh",
            "--version 1.2.0 -n cache --set",
            "--version 1.3.0 -n cache --set",
            UNKNOWN | {("cache", KEPT)},
        ),
        ("values/production.yaml", "replicas: 3", "replicas: 4", {("web", KEPT)}),
        (".github/workflows/deploy.yml", "image=web:1", "image=web:2", {("web", KEPT)}),
    ],
    "kustomize": [
        ("base/kustomization.yaml", "1.2.0", "1.3.0", {("cache", KEPT)}),
        ("overlays/production/kustomization.yaml", "size: 3", "size: 4", {("cache", KEPT)}),
    ],
    "monorepo": [
        ("services/web/values.yaml", "web:1", "web:2", {("web", KEPT)}),
        ("services/web/us.yaml", "replicas: 2", "replicas: 3", {("web", KEPT)}),
        ("services/jobs/eu.yaml", "name: jobs", "name: jobs\nlabels: {}", set()),
        (
            "clusters/us/applications.yaml",
            "kind: ApplicationSet",
            "kind: Other",
            {("web", "deleted")},
        ),
    ],
    "terraform": [
        ("production/main.tf", 'value = "web:1"', 'value = "web:2"', {("web", KEPT)}),
        ("staging/main.tf", "value = 1", "value = 2", UNKNOWN | {("web", KEPT)}),
        ("production/main.tf", "replicas: 3", "replicas: 4", {("web", KEPT)}),
        ("values/web.yaml", '""', "a.example.org", {("web", KEPT)}),
    ],
    "helmfile-environments": [
        ("values/common.yaml", "web:1", "web:2", {("web", KEPT)}),
        ("helmfile.yaml", "replicas: 2", "replicas: 3", {("web", KEPT)}),
        (
            "helmfile.yaml",
            "  - name: web\n",
            "  - name: web\n    installed: false\n",
            {("web", DELETED)},
        ),
    ],
    "argocd": [("values/web-image.yaml", "web:2", "web:3", {("front", KEPT)})],
    "argocd-app-of-apps": [
        (
            "apps/values-production.yaml",
            "replicas: 2",
            "replicas: 3",
            {("web", KEPT), ("root", KEPT)},
        ),
        (
            "apps/values-production.yaml",
            "  admin: {replicas: 1, prune: false}\n",
            "",
            {("root", KEPT), ("admin", DELETED)},
        ),
    ],
    "flux-clusters": [
        ("apps/base/web/values.yaml", "web:1.0", "web:1.1", {("web", KEPT)}),
        ("clusters/staging/apps.yaml", '"1"', '"2"', {("web", KEPT)}),
    ],
}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Makes a repository of ours with charts behind its addresses."""
    monkeypatch.setenv("POLICYLINT_CACHE", str(tmp_path / "cache"))
    with serving() as server:
        for name, version in (("cache", "1.2.0"), ("cache", "1.3.0"), ("web", "2.0.0")):
            server.add_chart(name, version, {"templates/d.yaml": SIZED})

        def make(name):
            root = tmp_path / name
            shutil.copytree(ROOT / name, root)
            for file in root.rglob("*"):
                if file.is_file():
                    text = file.read_text("utf-8")
                    text = text.replace("CHARTS", server.url).replace("REGISTRY", server.host)
                    file.write_text(text, "utf-8")
            monkeypatch.chdir(root)
            git("init", "-q")
            commit()

        yield make


@pytest.mark.parametrize("name", HISTORIES)
def test_each_commit_is_judged_by_what_it_touches(repository, capsys, name):
    repository(name)
    for file, old, new, expected in HISTORIES[name]:
        path = Path(file)
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
        code, report = checked(capsys, "--allow-private-sources")
        rows = {(row["name"], row["change"]) for row in report["releases"]}
        where = (
            name,
            file,
            new,
            report["failures"],
            [row["failures"] for row in report["releases"]],
        )
        told = rows | (UNKNOWN if code == 2 and report["failures"] else set())
        assert (told, code in (0, 2)) == (expected, True), where
        assert not any(row["failures"] for row in report["releases"]), where
        commit()


def test_there_are_at_least_twelve_repositories_with_a_history():
    assert len(HISTORIES) >= 12
    assert {path.name for path in ROOT.iterdir() if path.is_dir()} - set(HISTORIES) <= {
        "mixed",
        "helmfile-templates",
    }
