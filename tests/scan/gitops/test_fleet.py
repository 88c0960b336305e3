"""Fleet: the releases of fleet.yaml files, target by target."""

from policylint.scan.gitops.resolve import resolve
from policylint.scan.gitops.tree import Tree


def releases(tmp_path, text, **files):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/fleet.yaml").write_text(text, "utf-8")
    for name, content in files.items():
        (tmp_path / "app" / f"{name}.yaml").write_text(content, "utf-8")
    return resolve(Tree.of(tmp_path)).releases


def test_a_release_without_a_name_is_told_apart_by_its_path(tmp_path):
    (release,) = releases(tmp_path, "helm: {chart: oci://r.invalid/charts/web, version: 1.0.0}\n")
    assert (release.name, release.unresolved) == ("app", ())
    assert "Fleet makes it" in release.notes[0]


def test_a_target_has_its_values_over_the_general_ones(tmp_path):
    text = (
        "helm: {releaseName: web, repo: https://r.invalid, chart: web, values: {a: 1, b: 1}}\n"
        "targetCustomizations:\n- {name: prod, helm: {values: {b: 2}, version: 2.0.0}}\n"
    )
    general, prod = releases(tmp_path, text)
    assert (general.environment, prod.environment) == ("", "prod")
    assert dict(prod.layers[0].values) == {"a": 1, "b": 2}
    assert (general.chart.version, prod.chart.version) == ("", "2.0.0")


def test_what_clusters_decide_is_not_known(tmp_path):
    text = (
        "helm:\n  releaseName: web\n  chart: oci://r.invalid/charts/web\n"
        "  values: {name: '${ .ClusterName }'}\n  valuesFrom: [{secretKeyRef: {name: x}}]\n"
    )
    (release,) = releases(tmp_path, text)
    assert len(release.unresolved) == 2


def test_a_directory_of_manifests_declares_none(tmp_path):
    assert releases(tmp_path, "defaultNamespace: web\n", deployment="kind: Deployment\n") == ()
