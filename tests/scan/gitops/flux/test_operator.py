"""flux-operator: the entry point of a FluxInstance, and what a ResourceSet makes of its inputs."""

import pytest

from policylint.scan.gitops.resolve import resolve
from policylint.scan.gitops.tree import Tree
from tests.scan.gitops.flux.test_kustomizations import KUSTOMIZATION, RELEASE, written

INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec:
  sync: {kind: GitRepository, url: "https://example.org/x.git", path: clusters/PLACE}
"""
CHART = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: flux-instance, namespace: flux-system}
spec:
  chart: {spec: {chart: ./chart, sourceRef: {kind: GitRepository, name: flux-system}}}
  values:
    instance: {sync: {kind: GitRepository, path: clusters/a}}
"""
SET = """\
apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata: {name: apps, namespace: flux-system}
spec:
  SOURCE
  resources:
  - apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: "<< inputs.tenant >>", namespace: << inputs.provider.namespace >>}
    spec:
      chart: {spec: {chart: ./chart, sourceRef: {kind: GitRepository, name: flux-system}}}
      values: {replicas: << inputs.size | int >>, name: << inputs.tenant | quote >>}
"""
INPUTS = "inputs: [{tenant: one, size: '2'}, {tenant: two, size: '3'}]"
PROVIDER = """\
apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSetInputProvider
metadata: {name: sizes, namespace: flux-system}
spec: {type: TYPE, defaultValues: {tenant: three, size: 4}}
"""


def declared(root, files):
    return resolve(Tree.of(written(root, files)))


def names(declarations):
    return sorted((release.namespace, release.name) for release in declarations.releases)


def test_what_an_instance_syncs_is_declared(tmp_path):
    other = RELEASE.replace("name: web,", "name: db,")
    files = {"clusters/a/web.yaml": RELEASE, "apps/db.yaml": other, "flux.yaml": INSTANCE}
    files["clusters/a/apps.yaml"] = KUSTOMIZATION
    made = declared(tmp_path, {**files, "flux.yaml": INSTANCE.replace("PLACE", "a")})
    assert names(made) == [("web", "db"), ("web", "web")]
    assert made.problems == ()


def test_an_instance_of_the_chart_is_an_entry_point_too(tmp_path):
    files = {"apps/flux.yaml": CHART, "clusters/a/apps.yaml": KUSTOMIZATION}
    made = declared(tmp_path, {**files, "clusters/a/web.yaml": RELEASE})
    assert names(made) == [("flux-system", "flux-instance"), ("web", "web")]
    assert not any(note for release in made.releases for note in release.notes)


def test_a_resource_set_makes_a_release_of_each_input(tmp_path):
    files = {"flux.yaml": KUSTOMIZATION, "apps/set.yaml": SET.replace("SOURCE", INPUTS)}
    made = declared(tmp_path, files)
    assert names(made) == [("flux-system", "one"), ("flux-system", "two")]
    values = {release.name: release.layers[0].values for release in made.releases}
    assert values["two"] == {"replicas": 3, "name": "two"}
    assert {release.file for release in made.releases} == {"apps/set.yaml"}


def test_a_resource_set_that_no_kustomization_applies_is_read_as_it_stands(tmp_path):
    made = declared(tmp_path, {"set.yaml": SET.replace("SOURCE", INPUTS)})
    assert names(made) == [("flux-system", "one"), ("flux-system", "two")]


def test_inputs_of_a_static_provider_are_known(tmp_path):
    text = SET.replace("SOURCE", "inputsFrom: [{name: sizes}]")
    files = {"apps/set.yaml": text, "apps/p.yaml": PROVIDER.replace("TYPE", "Static")}
    made = declared(tmp_path, {"flux.yaml": KUSTOMIZATION, **files})
    assert names(made) == [("flux-system", "three")]


@pytest.mark.parametrize(
    ("source", "type_", "why"),
    [
        ("inputsFrom: [{name: sizes}]", "GitHubBranch", "inputs come from"),
        ("inputsFrom: [{selector: {matchLabels: {a: b}}}]", "Static", "by a selector"),
        ("inputs: [{tenant: one}]", "Static", "there is no .size"),
        (f"inputStrategy: {{name: Permute}}\n  {INPUTS}", "Static", "permuted"),
    ],
)
def test_what_a_resource_set_makes_of_what_is_not_known_is_said(tmp_path, source, type_, why):
    files = {"apps/set.yaml": SET.replace("SOURCE", source)}
    files["apps/p.yaml"] = PROVIDER.replace("TYPE", type_)
    made = declared(tmp_path, {"flux.yaml": KUSTOMIZATION, **files})
    assert made.releases == ()
    assert why in made.problems[0].message
    assert made.problems[0].paths == ("apps",)


def test_a_suspended_resource_set_rolls_nothing_out(tmp_path):
    text = SET.replace("SOURCE", INPUTS).replace(
        "namespace: flux-system}\nspec",
        "namespace: flux-system, annotations: {fluxcd.controlplane.io/reconcile: disabled}}\nspec",
    )
    made = declared(tmp_path, {"flux.yaml": KUSTOMIZATION, "apps/set.yaml": text})
    assert {release.settings["suspended"] for release in made.releases} == {"ResourceSet apps"}


def test_a_release_that_nothing_applies_is_read_as_it_stands_beside_others(tmp_path):
    other = RELEASE.replace("name: web,", "name: db,")
    files = {"flux.yaml": KUSTOMIZATION, "apps/web.yaml": RELEASE, "old/db.yaml": other}
    made = declared(tmp_path, files)
    assert names(made) == [("web", "db"), ("web", "web")]
    (alone,) = (release for release in made.releases if release.name == "db")
    assert alone.identity == "old/db.yaml"
    assert "no Kustomization of this repository applies it" in alone.notes[0]


def test_a_patch_of_a_release_is_none(tmp_path):
    patch = RELEASE.replace("name: web,", "name: db,")
    files = {"flux.yaml": KUSTOMIZATION, "apps/web.yaml": RELEASE, "apps/patch.yaml": patch}
    text = "resources: [web.yaml]\npatches: [{path: patch.yaml}]\n"
    made = declared(tmp_path, {**files, "apps/kustomization.yaml": text})
    assert names(made) == [("web", "web")]
