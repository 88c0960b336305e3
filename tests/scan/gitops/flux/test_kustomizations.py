"""Flux: which releases a repository declares, with which chart and values."""

import hashlib
import shutil
from pathlib import Path

import pytest

from policylint.scan.gitops.kustomize.binary import Binary
from policylint.scan.gitops.resolve import Tools, resolve
from policylint.scan.gitops.tree import Tree

CLUSTERS = Path("fixtures/repositories/flux-clusters")


def declared_in(root, builder=None):
    return resolve(Tree.of(Path(root)), Tools(builder))


def release(declarations, *key):
    return next(release for release in declarations.releases if release.key == key)


def written(root, files):
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return root


KUSTOMIZATION = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
"""
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: web}
spec:
  chart:
    spec: {chart: ./chart, sourceRef: {kind: GitRepository, name: flux-system}}
"""


def test_each_cluster_has_its_own_releases():
    declarations = declared_in(CLUSTERS)
    assert sorted(release.key for release in declarations.releases) == [
        (cluster, *name)
        for cluster in ("production", "staging")
        for name in (("cache", "cache-cache"), ("infra", "queue"), ("web", "web"))
    ]
    assert declarations.problems == ()


def test_values_are_patched_and_their_variables_replaced():
    web = release(declared_in(CLUSTERS), "production", "web", "web")
    first, second = web.layers
    assert first.values == {"replicas": 9, "image": "web:1.0"}
    assert second.values == {
        "replicas": 3,
        "cluster": "production",
        "price": "${DOMAIN}",
        "host": "production.policylint-unknown-domain",
    }
    assert web.unresolved == ()
    assert "cluster-secrets is encrypted" in web.notes[0]
    assert web.settings["upgrade.crds"] == "CreateReplace"
    assert (web.chart.kind, web.chart.name) == ("path", "charts/web")
    assert (web.file, web.line) == ("apps/base/web/release.yaml", 1)


def test_a_patch_of_one_cluster_is_not_seen_in_the_other():
    web = release(declared_in(CLUSTERS), "staging", "web", "web")
    assert web.settings["upgrade.crds"] == "Skip"
    assert web.layers[1].values["replicas"] == 1


def test_chart_sources():
    declarations = declared_in(CLUSTERS)
    cache = release(declarations, "staging", "cache", "cache-cache").chart
    assert (cache.kind, cache.url, cache.version) == (
        "oci",
        "oci://registry.invalid/charts/cache",
        "1.2.0",
    )
    queue = release(declarations, "staging", "infra", "queue")
    assert (queue.chart.kind, queue.chart.url, queue.chart.version) == (
        "repository",
        "https://charts.invalid",
        "^1.0.0",
    )
    assert queue.is_suspended
    assert queue.unresolved == (
        "values of Secret infra/queue-values, which is not in the repository",
    )


def test_a_name_beyond_helms_limit_is_shortened_as_flux_does_it(tmp_path):
    name = "a-release-with-a-name-that-is-longer-than-helm-takes-it"
    text = RELEASE.replace("name: web,", f"name: {name},")
    written(tmp_path, {"k.yaml": KUSTOMIZATION, "apps/r.yaml": text})
    (web,) = declared_in(tmp_path).releases
    assert web.name == f"{name[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def test_values_of_one_file_keep_their_lines(tmp_path):
    text = RELEASE + "  values:\n    # a comment\n    a: 1\n    b:\n      - c: 2\n"
    written(tmp_path, {"k.yaml": KUSTOMIZATION, "apps/r.yaml": f"# head\n---\n{text}"})
    (web,) = declared_in(tmp_path).releases
    (layer,) = web.layers
    file = (tmp_path / "apps/r.yaml").read_text("utf-8").splitlines()
    shown = layer.text.splitlines()
    assert shown[-1] == file[-1]
    assert len(shown) == len(file)


def test_a_suspended_kustomization_rolls_nothing_out(tmp_path):
    written(tmp_path, {"k.yaml": KUSTOMIZATION + "  suspend: true\n", "apps/r.yaml": RELEASE})
    (web,) = declared_in(tmp_path).releases
    assert web.settings["suspended"] == "Kustomization apps"


def test_paths_of_a_packed_directory_begin_there(tmp_path):
    """`flux push artifact --path=./kubernetes`: the artifact's top is that directory."""
    packed = KUSTOMIZATION.replace("GitRepository", "OCIRepository")
    files = {
        "kubernetes/clusters/main/apps.yaml": packed,
        "kubernetes/apps/release.yaml": RELEASE,
        "kubernetes/chart/Chart.yaml": "name: chart\nversion: 1.0.0\n",
    }
    (only,) = declared_in(written(tmp_path, files)).releases
    assert (only.key, only.notes) == (("", "web", "web"), ())


def test_what_cannot_be_built_is_said(tmp_path):
    kustomization = "resources: [r.yaml]\nreplacements: [{path: x}]\n"
    files = {"k.yaml": KUSTOMIZATION, "apps/r.yaml": RELEASE}
    written(tmp_path, {**files, "apps/kustomization.yaml": kustomization})
    declarations = declared_in(tmp_path)
    assert declarations.releases == ()
    (problem,) = declarations.problems
    assert "replacements" in problem.message


@pytest.mark.parametrize("entry", ["../../outside.yaml", "/etc/hostname", "link.yaml"])
def test_nothing_outside_the_repository_is_read(tmp_path, entry):
    outside = tmp_path / "outside.yaml"
    outside.write_text(RELEASE, "utf-8")
    files = {"k.yaml": KUSTOMIZATION, "apps/kustomization.yaml": f"resources: [{entry}]\n"}
    root = written(tmp_path / "repository", files)
    (root / "apps/link.yaml").symlink_to(outside)
    declarations = declared_in(root)
    assert declarations.releases == ()
    assert declarations.problems


def test_variables_change_types_as_in_flux(tmp_path):
    text = RELEASE + '  values: {a: "${NUM}", b: "x${NUM}", c: "${T}"}\n'
    post = "  postBuild: {substitute: {NUM: '5', T: 'true'}}\n"
    written(tmp_path, {"k.yaml": KUSTOMIZATION + post, "apps/r.yaml": text})
    (web,) = declared_in(tmp_path).releases
    assert web.layers[0].values == {"a": 5, "b": "x5", "c": True}


def test_without_variables_nothing_is_replaced(tmp_path):
    text = RELEASE + '  values: {a: "${NUM}"}\n'
    written(tmp_path, {"k.yaml": KUSTOMIZATION, "apps/r.yaml": text})
    (web,) = declared_in(tmp_path).releases
    assert web.layers[0].values == {"a": "${NUM}"}


needs_kustomize = pytest.mark.skipif(not shutil.which("kustomize"), reason="kustomize is not here")


@needs_kustomize
def test_hashed_names_are_kustomizes_own(tmp_path):
    files = {
        "k.yaml": KUSTOMIZATION,
        "apps/kustomization.yaml": (
            "resources: [r.yaml]\nconfigMapGenerator:\n"
            "  - {name: v, namespace: web, files: [values.yaml=v.yaml]}\n"
            "configurations: [names.yaml]\n"
        ),
        "apps/names.yaml": (
            "nameReference:\n  - kind: ConfigMap\n    version: v1\n    fieldSpecs:\n"
            "      - {path: spec/valuesFrom/name, kind: HelmRelease}\n"
        ),
        "apps/v.yaml": "a: 1\n",
        "apps/r.yaml": RELEASE + "  valuesFrom: [{kind: ConfigMap, name: v}]\n",
    }
    written(tmp_path, files)
    declarations = declared_in(tmp_path, Binary((shutil.which("kustomize"), "build")))
    (web,) = declarations.releases
    assert web.layers[0].values == {"a": 1}
    assert (web.file, web.line) == ("apps/r.yaml", 1)


def test_by_hand_and_by_kustomize_are_the_same():
    program = shutil.which("kustomize")
    if not program:
        pytest.skip("kustomize is not here")
    from policylint.scan.gitops.kustomize.build import Build
    from policylint.scan.gitops.kustomize.files import kustomization_of

    tree = Tree.of(CLUSTERS)
    build = Build(tree, Binary((program, "build")))
    for folder in ("apps/staging", "apps/production"):
        by_hand = build.folder(folder)
        whole = {**kustomization_of(tree, folder), "replacements": []}
        by_binary = build._by_binary(folder, whole, None)
        assert sorted(str(item.name) for item in by_hand) == sorted(i.name for i in by_binary)
        bodies = {(item.kind, item.name): item.body for item in by_binary}
        assert {(item.kind, item.name): item.body for item in by_hand} == bodies


@needs_kustomize
def test_a_build_fetches_nothing(tmp_path):
    kustomization = (
        "resources: [r.yaml]\nreplacements: []\nnamePrefix: a-\n"
        "patches: [{path: 'http://127.0.0.1:1/patch.yaml', target: {kind: HelmRelease}}]\n"
    )
    files = {"k.yaml": KUSTOMIZATION, "apps/r.yaml": RELEASE}
    written(tmp_path, {**files, "apps/kustomization.yaml": kustomization})
    declarations = declared_in(tmp_path, Binary((shutil.which("kustomize"), "build")))
    assert declarations.releases == ()
    assert "would fetch http://127.0.0.1:1/patch.yaml" in declarations.problems[0].message


def source(kind, name, url):
    return (
        "apiVersion: source.toolkit.fluxcd.io/v1\n"
        f"kind: {kind}\nmetadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec: {{url: {url}}}\n"
    )


def kustomization(name, path, kind, of):
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec: {{path: {path}, sourceRef: {{kind: {kind}, name: {of}}}}}\n"
    )


def test_a_kustomization_of_another_source_applies_nothing_of_this_repository(tmp_path):
    """What applies Flux's own manifests, or CRDs of others, from their top reaches no file here."""
    own = ("GitRepository", "home")
    root = written(
        tmp_path,
        {
            "flux/config/cluster.yaml": source(*own, "https://git.example/home")
            + "---\n"
            + kustomization("cluster", "./flux", *own),
            "flux/config/flux.yaml": source("OCIRepository", "manifests", "oci://example/flux")
            + "---\n"
            + kustomization("flux", "./", "OCIRepository", "manifests"),
            "flux/apps.yaml": kustomization("apps", "./apps", *own),
            "apps/crds.yaml": source("GitRepository", "crds", "https://git.example/crds")
            + "---\n"
            + kustomization("crds", "./", "GitRepository", "crds"),
            "apps/web.yaml": RELEASE,
        },
    )
    declarations = declared_in(root)
    (release,) = declarations.releases
    assert release.settings.get("unapplied") is None
    assert sorted(problem.message for problem in declarations.problems) == [
        "Kustomization crds applies GitRepository/crds, which is another repository",
        "Kustomization flux applies OCIRepository/manifests, which is another repository",
    ]
    assert {problem.paths for problem in declarations.problems} == {()}
