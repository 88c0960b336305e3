"""helmfile, kustomize's helmCharts and k3s: which releases they declare."""

from pathlib import Path

from policylint.scan.gitops.resolve import resolve
from policylint.scan.gitops.tree import Tree

MIXED = Path("fixtures/repositories/mixed")


def releases(root=MIXED):
    found = resolve(Tree.of(root)).releases
    return {each.name: each for each in found if not each.is_absent}


def shown(layers):
    return [layer.path or dict(layer.values) for layer in layers]


def test_every_tool_is_found():
    found = releases()
    assert {name: each.tool for name, each in found.items()} == {
        "web": "helmfile",
        "own": "helmfile",
        "jobs": "kustomize",
        "traefik": "k3s",
    }
    assert all(not each.unresolved for each in found.values())


def test_a_literal_helmfile():
    found = releases()
    web = found["web"]
    assert (web.key, web.chart.url, web.chart.version, web.line) == (
        ("", "web", "web"),
        "https://charts.invalid",
        "1.2.0",
        5,
    )
    assert shown(web.layers) == ["helmfile/values.yaml", {"replicas": 2}]
    assert web.sets == (("set", "host=a\\,b"),)
    assert (found["own"].chart.kind, found["own"].chart.name) == ("path", "chart")


def test_a_helmfile_with_templates_is_not_guessed(tmp_path):
    (tmp_path / "helmfile.yaml").write_text("releases: [{name: {{ .x }}, chart: a/b}]\n", "utf-8")
    found = resolve(Tree.of(tmp_path))
    assert found.releases == ()
    assert "helmfile alone" in found.problems[0].message


def test_a_chart_that_kustomize_inflates():
    jobs = releases()["jobs"]
    assert (jobs.namespace, jobs.chart.name, jobs.include_crds) == ("tools", "queue", False)
    assert shown(jobs.layers) == [{"size": 2}]


def test_a_helm_chart_config_comes_last():
    traefik = releases()["traefik"]
    assert traefik.namespace == "traefik"
    assert shown(traefik.layers) == [{"logs": True}, {"logs": False}]
    assert traefik.sets == (("set", "replicas=2"),)
